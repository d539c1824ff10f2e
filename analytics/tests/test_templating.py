"""Prompt templates: what they can do, what they refuse and how clearly they say it."""

import pytest

from analytics.templating import LONGEST_TEMPLATE, VARIABLES, check, render
from common.errors import Invalid


def test_variables_conditions_and_a_loop() -> None:
    template = (
        "{{ title|upper }} ({{ date }}){% if language == 'ru' %} по-русски{% endif %}: "
        "{% for name in speakers %}{{ loop.index }}. {{ name }}{% if not loop.last %}, {% endif %}"
        "{% endfor %}; {{ speakers|join('/') }}"
    )
    values = {"title": "план", "date": "9 марта", "language": "ru", "speakers": ["Анна", "Иван"]}
    assert render(template, values) == "ПЛАН (9 марта) по-русски: 1. Анна, 2. Иван; Анна/Иван"


@pytest.mark.parametrize("name", sorted(VARIABLES))
def test_every_promised_variable_is_known(name: str) -> None:
    check("{{ " + name + " }}")


def test_values_are_not_templates() -> None:
    assert render("{{ title }}", {"title": "{{ 7 * 7 }}"}) == "{{ 7 * 7 }}"


@pytest.mark.parametrize(
    ("template", "code", "words"),
    [
        ("a\n{{ titel }}", "template_unknown_variable", ("titel", "2", "title")),
        ("{% for x in speakers %}{{ y }}{% endfor %}", "template_unknown_variable", ("y",)),
        ("{{ x }}{% for x in speakers %}{% endfor %}", "template_unknown_variable", ("x",)),
        ("ok\n\n{% if title %}", "template_syntax", ("3",)),
        ("{{ title", "template_syntax", ("1",)),
        ("{{ title|nothing }}", "template_not_allowed", ("nothing",)),
        ("{{ 'a' * 1000000000 }}", "template_not_allowed", ("mul",)),
        ("{% for i in range(1000000000) %}{% endfor %}", "template_not_allowed", ("for",)),
        ("{{ title.__class__.__mro__ }}", "template_not_allowed", ("getattr",)),
        ("{{ title.format(1) }}", "template_not_allowed", ("call",)),
        ("{{ title['x'] }}", "template_not_allowed", ("getitem",)),
        ("{% include 'x' %}", "template_not_allowed", ("include",)),
        ("{% macro m() %}{% endmacro %}", "template_not_allowed", ("m",)),
        ("{% set a = 1 %}", "template_not_allowed", ("assign",)),
        ("{{ title|center(1000000000) }}", "template_not_allowed", ("center",)),
        (
            "{% for a in speakers %}{% for b in speakers %}{% endfor %}{% endfor %}",
            "template_not_allowed",
            ("for",),
        ),
        ("{{" + "(" * 5000 + "title" + ")" * 5000 + "}}", "template_syntax", ()),
        ("x" * (LONGEST_TEMPLATE + 1), "template_too_long", (str(LONGEST_TEMPLATE),)),
    ],
)
def test_a_mistake_is_named(template: str, code: str, words: tuple[str, ...]) -> None:
    with pytest.raises(Invalid) as caught:
        check(template)
    assert caught.value.code == code
    for word in words:
        assert word in caught.value.message


def test_a_variable_without_a_value_is_named() -> None:
    with pytest.raises(Invalid) as caught:
        render("{{ title }} {{ date }}", {"title": "x"})
    assert caught.value.code == "template_not_fillable"
    assert "date" in caught.value.message


def test_the_result_is_bounded() -> None:
    with pytest.raises(Invalid) as caught:
        render("{{ title }}" * 1000, {"title": "x" * 1000})
    assert caught.value.code == "template_result_too_long"
