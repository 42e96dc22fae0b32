"""What a lane is drawn of. Hundreds stand on a board: as templates they took a third of its time."""

from collections.abc import Iterable

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from engineers.selectors.lanes import Block, Span

register = template.Library()

BLOCK = (
    '<a id="lane-{0}" href="{1}" data-panel="{0}" data-seen="{2}" data-promised="{3}" data-minutes="{4}"'
    '{5}{6} aria-label="{7}"><line class="window" x1="{8}" x2="{9}" y1="49" y2="49"/>'
    '<svg class="block state-{10}" x="{11}" y="4" width="{12}" height="40"{13}>'
    '<rect x="1" y="1" width="98%" height="38" rx="6"/><text x="7" y="17">{14}</text>'
    '<text class="block-note" x="7" y="32">{15}</text></svg></a>\n'
)
DIM = SafeString(' class="is-dim"')
OPEN = SafeString(' aria-current="true"')
ROOM = SafeString(' overflow="visible"')


@register.simple_tag
def lane_blocks(blocks: Iterable[Block], open_reference: str) -> SafeString:
    """The visits of one lane; the one that is open in the panel is marked."""
    return format_html_join(
        "",
        BLOCK,
        (
            (
                block.reference,
                block.address,
                block.seen,
                block.promised,
                block.minutes,
                DIM if block.is_dim else "",
                OPEN if block.reference == open_reference else "",
                block.description,
                block.window.x,
                block.window.end,
                block.tone,
                block.span.x,
                block.span.width,
                ROOM if block.has_room else "",
                block.label,
                block.note,
            )
            for block in blocks
        ),
    )


@register.simple_tag
def lane_drives(spans: Iterable[Span]) -> SafeString:
    """The drives of one lane."""
    return format_html_join(
        "", '<line class="travel" x1="{}" x2="{}" y1="26" y2="26"/>', ((span.x, span.end) for span in spans)
    )
