"""One small model and its report, and a headless browser, shared by the tests of the room."""

import os
import shutil

import numpy as np
import pandas as pd
import pytest

from evenvae import EvenVAE, Network, Training
from evenvae.report import build, gather, render

WIDTHS = {"desktop": (1280, 900, "light"), "phone": (390, 844, "dark")}
FAST = {
    "latent_size": 3,
    "epochs": 6,
    "network": Network(width=16, depth=1),
    "training": Training(batch_size=32),
    "ensemble": 1,
}


def people(rows=300, seed=0):
    rng = np.random.default_rng(seed)
    age = rng.poisson(40, rows).astype(float)
    income = np.round(np.exp(rng.normal(6 + age / 40, 0.3)), 2)
    frame = pd.DataFrame(
        {
            "age": age,
            "income": income,
            "city </script>": rng.choice([f"town {i}" for i in range(12)], rows),
            "member": rng.random(rows) < 0.3,
            "rich": np.where(income > np.median(income), "yes", "no"),
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 1000, rows), unit="D"),
        }
    )
    frame.loc[rng.random(rows) < 0.15, "income"] = np.nan
    frame.loc[5, "age"] = np.nan
    return frame


@pytest.fixture(scope="package")
def table():
    return people()


@pytest.fixture(scope="package")
def fitted(table):
    return EvenVAE(**FAST).fit(table)


@pytest.fixture(scope="package")
def plain(table):
    return EvenVAE(**FAST, balance="none").fit(table)


@pytest.fixture(scope="package")
def evidence(fitted, plain, table):
    return gather(fitted, table, beside=plain, seed=3)


@pytest.fixture(scope="package")
def sections(evidence):
    return {section.name: section for section in build(evidence)}


@pytest.fixture(scope="package")
def page(evidence, sections):
    return render(evidence, list(sections.values()), title="people")


def chromium(driver):
    """A browser of the system, or playwright's own."""
    found = os.environ.get("EVENVAE_BROWSER") or next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
    return driver.chromium.launch(executable_path=found, args=quiet)


@pytest.fixture(scope="package")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        try:
            launched = chromium(driver)
        except playwright.Error as error:
            pytest.skip(f"no Chromium is at hand: {str(error).splitlines()[0]}")
        yield launched
        launched.close()


@pytest.fixture
def open_page(browser, tmp_path):
    """A function that opens a page in a browser.

    It gives the tab, and what its console said and what it asked the network for.
    """
    tabs = []

    def opened(page, width=1280, height=900, scheme="light"):
        path = tmp_path / "report.html"
        path.write_text(page, encoding="utf-8")
        tab = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
        tabs.append(tab)
        tab.set_default_timeout(5000)
        said = []
        tab.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
        tab.on("pageerror", lambda error: said.append(str(error)))
        tab.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
        tab.on("request", lambda asked: said.append(asked.url) if asked.url.startswith("http") else None)
        tab.goto(path.as_uri())
        tab.wait_for_selector("body[data-ready]")
        return tab, said

    yield opened
    for tab in tabs:
        tab.close()


@pytest.fixture(params=WIDTHS)
def opened(request, open_page, page):
    """The report of the room's model in a wide light and in a narrow dark window."""
    return open_page(page, *WIDTHS[request.param])
