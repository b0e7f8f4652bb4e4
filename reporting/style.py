"""How the report page looks.

A rule with a colour sets nothing else, as it comes again for dark screens, whatever their width.
"""

from __future__ import annotations

from typing import Final

from reporting.palette import styled

STYLE: Final = styled("""
* { box-sizing: border-box; }
html { color-scheme: light dark; background: $ground; color: $ink; }
body { margin: 0; font: 15px/1.5 system-ui, 'DejaVu Sans', Verdana, sans-serif; }
code, pre, td, li, dd, a { overflow-wrap: anywhere; }
main { max-width: 76rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .5rem; }
h2 { font-size: 1.15rem; margin: 2.5rem 0 .6rem; padding-bottom: .3rem; }
h2 { border-style: solid; border-width: 0 0 1px; }
h2, td, tr, .wide { border-color: $rule; }
h3 { font-size: 1rem; margin: 1.2rem 0 .4rem; }
p { margin: .4rem 0; max-width: 60rem; }
a { color: $link; }
ul, ol { margin: .4rem 0; padding-left: 1.4rem; }
small, .quiet, td[data-label]::before { color: $quiet; }
small { font-size: .85em; }
code, pre { font-family: ui-monospace, 'DejaVu Sans Mono', monospace; font-size: .87em; }
nav { display: flex; flex-wrap: wrap; gap: .2rem 1rem; }
summary { cursor: pointer; padding: .15rem 0; }
.simulated { border-style: solid; border-width: 0 0 0 4px; padding: .5rem .8rem; }
.simulated { border-color: $under-way; background: $raised; }
.facts { display: flex; flex-wrap: wrap; gap: .6rem 2rem; margin: 1rem 0; }
.facts div { min-width: 6rem; }
.facts dt { color: $quiet; font-size: .85em; }
.facts dd { margin: 0; font-weight: 600; }
.status.ready, .succeeded, .faster { color: $ready; }
.status.failed, .broken, .slower { color: $failed; }
.status.blocked, .status.not-reached { color: $held; }
.status.progressing, .status.waiting { color: $under-way; }
.status { font-weight: 600; }
.status, .number, th, td strong { white-space: nowrap; }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; font-weight: 600; font-size: .85em; padding: .3rem .8rem .3rem 0; vertical-align: bottom; }
th { color: $quiet; }
td { padding: .4rem .8rem .4rem 0; vertical-align: top; }
td { border-style: solid; border-width: 1px 0 0; }
th:last-child { width: 45%; }
.number { font-variant-numeric: tabular-nums; }
.failure { padding: .1rem 1rem .7rem; margin: .8rem 0; border-style: solid; border-width: 1px; border-radius: 6px; }
.failure { border-color: $failed; background: $failed-ground; color: $ink; }
.failure small { color: $ink; }
.failure small { font-weight: 400; }
pre { margin: .4rem 0; white-space: break-spaces; max-height: 24rem; overflow: auto; }
.bars { list-style: none; padding: 0; margin: .3rem 0 1rem; }
.bars li { display: grid; grid-template-columns: 18rem minmax(0, 1fr) 6.5rem; gap: .1rem .8rem; align-items: center; }
.bars li { padding: .12rem 0; }
.bars .number { text-align: right; }
.track { position: relative; height: .85rem; border-radius: 3px; }
.track { background: $raised; }
.bar { position: absolute; top: 0; bottom: 0; min-width: 3px; border-radius: 3px; print-color-adjust: exact; }
.bar { background: $bar; }
.critical .bar { background: $critical; }
.critical .name { color: $critical; font-weight: 600; }
.bars .failed .bar { background: $failed; }
.bars .failed .name { color: $failed; }
.bars .cut .bar { opacity: .55; }
.axis .track { height: auto; background: none; display: flex; justify-content: space-between; }
.axis .track { color: $quiet; font-size: .85em; }
.names { columns: 18rem; list-style: none; padding: 0; }
.wide { overflow-x: auto; border-style: solid; border-width: 1px; border-radius: 6px; }
.wide svg { display: block; }
a:focus-visible, summary:focus-visible, .wide:focus-visible { outline: 2px solid; outline-offset: 2px; }
@media (max-width: 48rem) {
main { padding-top: 1rem; }
thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
tr { display: block; padding: .5rem 0; border-style: solid; border-width: 1px 0 0; }
thead + tbody tr:first-child { border-width: 0; }
td { display: block; border-width: 0; padding: .05rem 0; }
td:empty { display: none; }
td[data-label]::before { content: attr(data-label) ': '; font-size: .85em; font-weight: 400; }
.bars li { grid-template-columns: minmax(0, 1fr) auto; }
.bars .track { grid-column: 1 / -1; grid-row: 2; }
}
@media print {
body { font-size: 10pt; }
main { max-width: none; padding: 0; }
nav { display: none; }
h2, h3, summary { break-after: avoid; }
tr, .failure, .bars li { break-inside: avoid; }
pre { max-height: none; }
.wide { overflow: visible; border-width: 0; }
.wide svg { width: 100%; height: auto; }
}
""")
