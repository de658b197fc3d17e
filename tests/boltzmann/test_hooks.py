import pytest

from ede_wbins.boltzmann.hooks import Hook, apply_hooks, read_hooks
from ede_wbins.errors import InstallError

SOURCE = """\
int first(void) {
  setup();
  return 1;
}
int second(void) {
  setup();
  return 2;
}
"""


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "code.c").write_text(SOURCE)
    return tmp_path


def patched(tree, *hooks):
    apply_hooks([Hook("code.c", **hook) for hook in hooks], tree)
    return (tree / "code.c").read_text()


def test_inserts_after_and_before_and_keeps_every_line(tree):
    result = patched(
        tree,
        {"anchor": "return 1;", "insert": "  after;\n"},
        {"anchor": "  return 2;  ", "insert": "  before;", "before": True},
    )
    assert result == SOURCE.replace("  return 1;\n", "  return 1;\n  after;\n").replace(
        "  return 2;\n", "  before;\n  return 2;\n"
    )


def test_hooks_on_one_anchor_insert_in_their_order(tree):
    result = patched(
        tree,
        {"anchor": "return 1;", "insert": "one"},
        {"anchor": "return 1;", "insert": "two\nthree\n"},
        {"anchor": "}", "insert": "four", "before": True, "within": "int first(void) {"},
    )
    assert "  return 1;\none\ntwo\nthree\nfour\n}\n" in result


def test_within_takes_the_first_match_below(tree):
    result = patched(
        tree, {"anchor": "setup();", "within": "int second(void) {", "insert": "extra"}
    )
    assert result == SOURCE.replace("  setup();\n  return 2", "  setup();\nextra\n  return 2")


def test_an_anchor_is_sought_in_the_untouched_file(tree):
    result = patched(
        tree,
        {"anchor": "return 1;", "insert": "return 2;"},
        {"anchor": "return 2;", "insert": "last"},
    )
    assert result.count("last") == 1


@pytest.mark.parametrize(
    ("hook", "message"),
    [
        ({"anchor": "nowhere();"}, "code.c: anchor 'nowhere();' not found"),
        ({"anchor": "setup();"}, "code.c: anchor 'setup();' is not unique (lines 2, 6)"),
        ({"anchor": "x", "within": "setup();"}, "code.c: anchor 'setup();' is not unique"),
        ({"anchor": "x", "within": "int third"}, "code.c: anchor 'int third' not found"),
        ({"anchor": "return 1;", "within": "return 2;"}, "'return 1;' not found below 'return 2;'"),
    ],
)
def test_an_anchor_that_does_not_fit_is_named_and_nothing_written(tree, hook, message):
    with pytest.raises(InstallError) as caught:
        patched(tree, {"anchor": "return 1;", "insert": "good"}, {"insert": "bad", **hook})
    assert message in str(caught.value)
    assert (tree / "code.c").read_text() == SOURCE


def test_a_file_that_is_not_there_is_named(tree):
    with pytest.raises(InstallError, match=r"gone\.c: a hook names this file"):
        apply_hooks([Hook("gone.c", "x", "y")], tree)


def test_reads_yaml(tmp_path):
    path = tmp_path / "hooks.yaml"
    path.write_text(
        "- {file: a.c, after: x, insert: one}\n"
        "- file: b.c\n  before: y\n  within: z\n  insert: |2\n        two\n"
    )
    assert read_hooks(path) == (
        Hook("a.c", "x", "one"),
        Hook("b.c", "y", "    two\n", before=True, within="z"),
    )


@pytest.mark.parametrize(
    "entry", ["{file: a, after: x}", "{file: a, after: x, before: y, insert: z}"]
)
def test_refuses_an_entry_with_wrong_keys(tmp_path, entry):
    path = tmp_path / "hooks.yaml"
    path.write_text(f"- {entry}\n")
    with pytest.raises(InstallError, match=r"hooks\.yaml: hook 1 has the keys"):
        read_hooks(path)
