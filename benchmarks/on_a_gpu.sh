#!/bin/sh
# What a quarter of an hour on a machine with a GPU can tell: run this once, from anywhere.
#
#     benchmarks/on_a_gpu.sh [--quick] [--minutes N] [OUT.jsonl]
#
# Figures are appended to OUT.jsonl (benchmarks/results/on_a_gpu.jsonl) as they are made, the most wanted ones first, so
# that it may be cut off at any moment; cells of Table 1 go to a folder beside it, where the same call continues them.
# No network is needed: what is not there (a GPU that JAX can use, PyTorch, the tables of EVENVAE_DATA) is said and left
# out. PYTHON names the interpreter. --quick runs all of it in a few minutes, on a CPU too, to see that it works.
set -u
here=$(cd "$(dirname "$0")" && pwd)
quick="" minutes=15 out="$here/results/on_a_gpu.jsonl"
while [ $# -gt 0 ]; do
    case $1 in
    --quick) quick=--quick minutes=6 ;;
    --minutes) minutes=$2 && shift ;;
    -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p;}' "$0" && exit 0 ;;
    -*) echo "on_a_gpu.sh: $1 is no option; see --help" >&2 && exit 2 ;;
    *) out=$1 ;;
    esac
    shift
done
for found in "${PYTHON:-}" "$here/../.venv/bin/python" python3; do
    [ -n "$found" ] && command -v "$found" >/dev/null && PYTHON=$found && break
done
export PYTHONPATH="$here/../src:$here${PYTHONPATH:+:$PYTHONPATH}" PYTHONUNBUFFERED=1
# JAX and PyTorch share the card
export XLA_PYTHON_CLIENT_PREALLOCATE=false TF_CPP_MIN_LOG_LEVEL=3
if ! "$PYTHON" -c "import evenvae, jax" 2>/dev/null; then
    echo "on_a_gpu.sh: $PYTHON lacks what evenvae needs: set PYTHON, or pip install '.[benchmark]' 'jax[cuda13]'" >&2
    exit 1
fi
end=$(($(date +%s) + minutes * 60))
# of the time that is left at its beginning, the share of a part in per cent; what it does not need goes to those after
for part in ${PARTS:-about:100 steps:45 fits:30 sweep:55 compiling:40 table1:100}; do
    left=$((end - $(date +%s)))
    [ "$left" -gt 5 ] || break
    seconds=$((left * ${part#*:} / 100))
    # Ctrl-C first, so that searches keep what they have learned
    timeout -s INT -k 20 "$seconds" "$PYTHON" "$here/on_a_gpu.py" "${part%:*}" "$out" $quick || {
        code=$?
        [ $code -eq 124 ] && echo "on_a_gpu.sh: ${part%:*} had no more than $seconds seconds" >&2
        [ $code -ne 124 ] && echo "on_a_gpu.sh: ${part%:*} ended with $code; the other parts go on" >&2
    }
done
echo "on_a_gpu.sh: figures in $out" >&2
