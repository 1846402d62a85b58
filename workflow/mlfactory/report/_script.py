"""The page's own script: draws what is seen, in the reader's colour scheme."""

SCRIPT = """
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const figures = read("figures"), themes = read("themes");
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  const touched = matchMedia("(pointer: coarse)").matches;
  const NARROW = 420;
  const config = { displayModeBar: false, responsive: true, scrollZoom: false };

  const coloured = (value, theme) => {
    if (typeof value === "string") return value[0] === "@" ? theme[value.slice(1)] ?? value : value;
    if (Array.isArray(value)) return value.map((item) => coloured(item, theme));
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, coloured(v, theme)]));
  };
  const draw = (node) => {
    const theme = themes[scheme.matches ? "dark" : "light"];
    const figure = coloured(figures[node.dataset.figure], theme);
    const date = figure.layout.xaxis;
    if (node.clientWidth < NARROW && date?.type === "date") date.nticks = 4;
    const layout = { ...figure.layout, height: figure.height, dragmode: touched ? false : "zoom" };
    node.dataset.drawn = scheme.matches ? "dark" : "light";
    Plotly.react(node, figure.data, layout, config);
  };
  const drawSeen = () => {
    const wanted = scheme.matches ? "dark" : "light";
    for (const node of document.querySelectorAll(".figure")) {
      if (node.offsetParent === null) continue;
      if (node.dataset.drawn !== wanted) draw(node);
      else if (node.clientWidth !== node._fullLayout.width) Plotly.Plots.resize(node);
    }
  };
  const choose = (horizon) => {
    for (const part of document.querySelectorAll("[data-horizon]")) {
      const chosen = part.dataset.horizon === horizon;
      if (part.tagName === "BUTTON") part.setAttribute("aria-pressed", chosen);
      else part.hidden = !chosen;
    }
    drawSeen();
  };
  const buttons = document.querySelectorAll("button[data-horizon]");
  for (const button of buttons)
    button.addEventListener("click", () => choose(button.dataset.horizon));
  scheme.addEventListener("change", drawSeen);
  if (buttons.length) choose(buttons[0].dataset.horizon); else drawSeen();
  document.documentElement.dataset.ready = "yes";
})();
"""
