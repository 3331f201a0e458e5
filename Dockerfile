# EvenVAE with the table of its demo, which is a part of a package: once built, it needs no network.
#
#   docker build -t evenvae .
#   mkdir -p evenvae-demo
#   docker run --rm --network none --user "$(id -u)" -v "$PWD/evenvae-demo:/home/evenvae/evenvae-demo" evenvae
#
# Any other command works in the same way: docker run ... evenvae fit people.csv -o people.evenvae
FROM python:3.13-slim

COPY . /source
RUN pip install --no-cache-dir '/source[demo]' && rm -r /source

# any user may write here: compiled programs and fonts are kept for as long as the container lives
ENV HOME=/home/evenvae EVENVAE_CACHE=/home/evenvae/.cache/evenvae
WORKDIR /home/evenvae
# the demo's table is here, or the build ends
RUN python -c "from evenvae import datasets; datasets.load('rand-hie')" && rm -rf /home/evenvae/.cache && chmod 1777 /home/evenvae

ENTRYPOINT ["evenvae"]
CMD ["demo"]
