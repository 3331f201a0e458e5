"""What the site is made of besides the files in ``docs``: pages of the reference, and those of the tutorials."""

import logging
from typing import Any

from mkdocs.structure.files import File, Files

import notebooks
import reference_pages
import tutorial_pages

# a warning of this logger makes `mkdocs build --strict` fail
log = logging.getLogger("mkdocs.hooks.evenvae")
REFERENCE = "Reference"
"""The section of the navigation that the generated pages are added to."""


def on_config(config: Any) -> Any:
    """Add the generated pages of the reference to the navigation, and watch the sources when the site is served."""
    for section in config.nav or []:
        if REFERENCE in section:
            section[REFERENCE] = navigation(section[REFERENCE])
    config.watch.extend([str(reference_pages.SOURCE), str(notebooks.SOURCES)])
    return config


def navigation(written: list[Any]) -> list[Any]:
    """The section of the reference: the hand-written pages, then a page for every room, with its methods below it."""
    pages = reference_pages.pages()
    found: list[Any] = ["reference/index.md", *written]
    for room in reference_pages.rooms():
        own = reference_pages.place_of(room)
        methods = [method for method in reference_pages.methods() if method.room == room]
        if own in pages:
            found.append({room: [own, *({method.name: method.page} for method in methods)]} if methods else {room: own})
    return found


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that are not files."""
    for place, text in reference_pages.pages().items():
        files.append(File.generated(config, place, content=text))
    for source in notebooks.sources():
        notebook = notebooks.notebook_of(source)
        if not notebooks.is_fresh(source):
            log.warning("%s was not made from %s as it is: run make tutorials.", notebook.name, source.name)
        if notebook.exists():
            page = tutorial_pages.page_of(notebook)
            files.append(File.generated(config, f"tutorials/{notebook.stem}.md", content=page.markdown))
            for name, content in page.pictures.items():
                files.append(File.generated(config, f"tutorials/{name}", content=content))
    return files
