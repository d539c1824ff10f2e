"""Prompt templates: text with variables in Jinja's braces, safe to let anybody edit.

Only a small part of Jinja is allowed: variables and their fields, ``if``, one level of ``for``
over a list, a few filters; no calls, no arithmetic, no ranges. So the work is bounded by the size
of the template and of its variables, and no clock is needed; the result's length is bounded too.
"""

from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, nodes
from jinja2.sandbox import SandboxedEnvironment

from common.errors import Invalid

LONGEST_TEMPLATE = 20_000
LONGEST_RESULT = 100_000

# The variables a prompt may use, with what they hold.
VARIABLES = {
    "title": gettext_lazy("the recording's title"),
    "language": gettext_lazy("the transcript's language, as a code"),
    "date": gettext_lazy("the day it was recorded"),
    "duration": gettext_lazy("its length in minutes"),
    "kind": gettext_lazy("meeting, call, upload or voice"),
    "speakers": gettext_lazy("the names of those who spoke, a list"),
    "transcript": gettext_lazy("stands for the conversation, which the model is always given"),
}
LISTS = frozenset({"speakers"})
FILTERS = frozenset({"join", "upper", "lower", "title", "capitalize", "trim", "length", "default"})
TESTS = frozenset({"defined", "undefined", "none"})
_ALLOWED = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.If,
    nodes.CondExpr,
    nodes.For,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Getattr,
    nodes.Filter,
    nodes.Test,
)


def check(template: str) -> None:
    """Refuse a template that could not be rendered.

    Raises Invalid, whose message names the line and the unknown variable or the mistake; its
    code is ``template_too_long``, ``template_syntax``, ``template_unknown_variable`` or
    ``template_not_allowed``.
    """
    if len(template) > LONGEST_TEMPLATE:
        raise Invalid(
            _("The prompt is longer than %(most)s characters. Shorten it.")
            % {"most": LONGEST_TEMPLATE},
            code="template_too_long",
        )
    tree = _parse(template)
    for node in tree.find_all(nodes.Node):
        _refuse_more_than_needed(node)
    _refuse_unknown(tree, frozenset(VARIABLES))


def render(template: str, variables: Mapping[str, object]) -> str:
    """Return the template with its variables filled in.

    ``variables`` may be any part of VARIABLES. Raises Invalid like check(), also for a variable
    that was given no value, and with code ``template_result_too_long``.
    """
    check(template)
    written: list[str] = []
    length = 0
    try:
        for piece in _ENVIRONMENT.from_string(template).generate(dict(variables)):
            written.append(piece)
            length += len(piece)
            if length > LONGEST_RESULT:
                raise Invalid(
                    _("The filled-in prompt is longer than %(most)s characters.")
                    % {"most": LONGEST_RESULT},
                    code="template_result_too_long",
                )
    except (TemplateError, TypeError, ValueError) as mistake:
        raise Invalid(
            _("The prompt can't be filled in: %(mistake)s") % {"mistake": mistake},
            code="template_not_fillable",
        ) from None
    return "".join(written)


def _parse(template: str) -> nodes.Template:
    try:
        return _ENVIRONMENT.parse(template)
    except TemplateSyntaxError as mistake:
        raise Invalid(
            _("The prompt has a mistake in line %(line)s: %(mistake)s")
            % {"line": mistake.lineno, "mistake": mistake.message},
            code="template_syntax",
            details={"line": mistake.lineno},
        ) from None
    except RecursionError:
        raise Invalid(_("The prompt is nested too deeply."), code="template_syntax") from None


def _refuse_more_than_needed(node: nodes.Node) -> None:
    """Allow what keeps the work bounded, and nothing else."""
    name = getattr(node, "name", "")
    allowed = isinstance(node, _ALLOWED)
    if isinstance(node, nodes.Filter):
        allowed = name in FILTERS
    elif isinstance(node, nodes.Test):
        allowed = name in TESTS
    elif isinstance(node, nodes.For):
        over_a_list = isinstance(node.iter, nodes.Name) and node.iter.name in LISTS
        nested = any(inner is not node for inner in node.find_all(nodes.For))
        allowed = over_a_list and not nested and not node.recursive
    elif isinstance(node, nodes.Getattr):
        allowed = not node.attr.startswith("_")
    if not allowed:
        raise Invalid(
            _(
                "Line %(line)s of the prompt uses “%(what)s”, which prompts can't do. Allowed are "
                "variables, if, one for over speakers, and the filters %(filters)s."
            )
            % {
                "line": node.lineno,
                "what": name or type(node).__name__.lower(),
                "filters": ", ".join(sorted(FILTERS)),
            },
            code="template_not_allowed",
            details={"line": node.lineno},
        )


def _refuse_unknown(node: nodes.Node, known: frozenset[str]) -> None:
    """Walk down with the names that loops define on the way."""
    if isinstance(node, nodes.Name) and node.ctx == "load" and node.name not in known:
        raise Invalid(
            _("Line %(line)s of the prompt uses the unknown variable “%(name)s”. Known: %(known)s.")
            % {"line": node.lineno, "name": node.name, "known": ", ".join(VARIABLES)},
            code="template_unknown_variable",
            details={"line": node.lineno, "variable": node.name},
        )
    if isinstance(node, nodes.For):
        target = {node.target.name} if isinstance(node.target, nodes.Name) else set()
        known = known | target | {"loop"}
    for child in node.iter_child_nodes():
        _refuse_unknown(child, known)


# The result goes to a language model, not to a page: pages escape what they show.
_ENVIRONMENT = SandboxedEnvironment(
    undefined=StrictUndefined,
    autoescape=False,
    keep_trailing_newline=True,
)
