"""The report by the command."""

from cli_support import evenvae


def test_report_is_one_page(folder, data, model):
    out = folder / "report.html"
    code, _, err = evenvae("report", model, data, "-o", out, "--rows", "60", "--beside", model)
    assert code == 0, err
    assert "open it in a browser" in err
    page = out.read_text(encoding="utf-8")
    assert "60 of 150 rows" in page
    assert all(f'<section id="{name}"' in page for name in ("columns", "gradients", "unusual", "card"))


def test_report_says_what_is_wrong(folder, data, model):
    code, _, err = evenvae("report", model, data, "-o", folder / "nowhere" / "report.html")
    assert code == 2
    assert err.count("\n") == 1
    code, _, err = evenvae("report", model, data, "-o", folder / "r.html", "--rows", "1")
    assert code == 2
    assert "--rows 1" in err
