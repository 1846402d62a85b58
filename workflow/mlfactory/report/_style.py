"""The page's style sheet."""

from mlfactory.report._base import THEMES


def _variables(theme: str) -> str:
    return "".join(f"--{name}:{colour};" for name, colour in THEMES[theme].items())


STYLE = (
    f"""
:root {{ color-scheme: light dark; {_variables("light")}
  --page:#f5f7f9; --good:#0b6b4f; --good-ground:#d7f2e7; --fair:#7a5200; --fair-ground:#fdeccb;
  --flat:#4a5563; --flat-ground:#e8ebef; }}
@media (prefers-color-scheme: dark) {{ :root {{ {_variables("dark")}
  --page:#0f1318; --good:#7fe0bd; --good-ground:#123a2e; --fair:#f6c766; --fair-ground:#40300f;
  --flat:#b3bdc9; --flat-ground:#2a323d; }} }}
"""
    + """
* { box-sizing: border-box; }
html { scroll-padding-top: 3.4rem; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
header, main, footer { max-width: 1280px; margin: 0 auto; padding: 0 20px; }
header { padding-top: 26px; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0; }
h2 { font-size: 1.25rem; margin: 2.2rem 0 .7rem; }
h3 { font-size: 1rem; margin: 0 0 .2rem; overflow-wrap: anywhere; }
h4 { font-size: .85rem; font-weight: 600; margin: 0 0 .1rem; color: var(--ink); }
p { margin: 0 0 .6rem; }
.under { color: var(--soft); margin: .25rem 0 1rem; }
nav { position: sticky; top: 0; z-index: 5; background: var(--page);
  border-bottom: 1px solid var(--grid); }
nav > div { max-width: 1280px; margin: 0 auto; padding: 8px 20px; display: flex; gap: 6px 16px;
  align-items: center; flex-wrap: wrap; white-space: nowrap; }
nav a { color: var(--soft); text-decoration: none; font-size: .88rem; }
nav a:hover, nav a:focus { color: var(--ink); text-decoration: underline; }
.horizons { display: flex; gap: 4px; position: sticky; left: 0; background: var(--page);
  padding-right: 6px; }
.horizons button { font: inherit; font-size: .85rem; color: var(--ink);
  background: var(--surface);
  border: 1px solid var(--line); border-radius: 6px; padding: 2px 10px; min-height: 30px;
  cursor: pointer; }
.horizons button[aria-pressed="true"] { background: var(--ink); color: var(--page);
  border-color: var(--ink); }
.blocks { display: grid; gap: 14px; grid-template-columns: repeat(2, minmax(0, 1fr)); }
.blocks + .blocks { margin-top: 14px; }
.block { grid-column: span 2; }
.half { grid-column: span 1; display: flex; flex-direction: column; }
.half .figures { margin-top: auto; }
.block { background: var(--surface); border: 1px solid var(--grid); border-radius: 10px;
  padding: 14px 16px; min-width: 0; }
.says { color: var(--soft); font-size: .88rem; max-width: 78ch; }
.scroll + .says { margin: .7rem 0 0; }
.says b { color: var(--ink); font-weight: 600; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 14px; margin: 0 0 .5rem; padding: 0;
  list-style: none;
  font-size: .82rem; color: var(--soft); }
.legend i { display: inline-block; width: .75em; height: .75em; border-radius: 3px;
  margin-right: .4em;
  border: 1px solid var(--line); vertical-align: -1px; }
.figures { display: grid; gap: 14px 20px;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr)); }
.figures > div { min-width: 0; }
.figure { width: 100%; min-width: 0; overflow: hidden; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .87rem; font-variant-numeric: tabular-nums;
  width: 100%; }
th, td { text-align: left; padding: 5px 14px 5px 0; border-bottom: 1px solid var(--grid);
  white-space: nowrap; }
th { color: var(--soft); font-weight: 600; }
tr:last-child td { border-bottom: 0; }
td span { white-space: pre; }
.chip { display: inline-block; border-radius: 999px; padding: 1px 10px; font-size: .82rem;
  white-space: nowrap; }
.good { color: var(--good); background: var(--good-ground); }
.fair { color: var(--fair); background: var(--fair-ground); }
.flat { color: var(--flat); background: var(--flat-ground); }
.facts { display: grid; gap: 10px 22px;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 190px), 1fr)); margin: 0; }
.facts dt { color: var(--soft); font-size: .8rem; }
.facts dd { margin: 0; font-weight: 600; overflow-wrap: anywhere; font-size: .92rem; }
.facts .long { grid-column: span 2; }
.facts .long dd { font-weight: 500; }
.note { border-left: 4px solid var(--line); }
.warning { border-left-color: #E6A700; }
.note p { margin: 0; max-width: 90ch; }
summary { cursor: pointer; font-weight: 600; overflow-wrap: anywhere; }
details[open] summary { margin-bottom: .6rem; }
pre { margin: 0; font-size: .8rem; line-height: 1.45; overflow-x: auto; }
footer { color: var(--soft); font-size: .82rem; padding-top: 26px; padding-bottom: 40px; }
[hidden] { display: none !important; }
@media (max-width: 900px) { .half { grid-column: span 2; } }
@media (max-width: 560px) {
  nav > div { flex-wrap: nowrap; overflow-x: auto; }
  header, main, footer, nav > div { padding-left: 12px; padding-right: 12px; }
  .block { padding: 12px; }
  .facts { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  h1 { font-size: 1.35rem; }
  .stack thead { display: none; }
  .stack tr { display: block; padding: 7px 0; border-bottom: 1px solid var(--grid); }
  .stack tr:last-child { border-bottom: 0; }
  .stack td { display: flex; justify-content: space-between; gap: 12px; padding: 2px 0; border: 0;
    white-space: normal; text-align: right; align-items: baseline; }
  .stack td span:not(.chip) { white-space: pre-line; }
  .stack td::before { content: attr(data-name); color: var(--soft); text-align: left;
    flex: 0 0 38%; }
  .stack td:has(span:empty) { display: none; }
  .stack td:first-child { font-weight: 600; text-align: left; }
  .stack td:first-child::before { content: none; }
}
@media print { nav { display: none; } .block { break-inside: avoid; } }
"""
)
