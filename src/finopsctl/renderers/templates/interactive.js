// Draws the page's charts anew, so that they answer a pointer. The pictures in the page stay where this does not work.
const specs = JSON.parse(document.getElementById("finopsctl-charts").textContent);
const tip = document.createElement("div");
tip.className = "tip";
tip.hidden = true;
document.body.append(tip);

function tell(handler, event, item, value) {
  tip.hidden = value === null || value === undefined || value === "";
  if (tip.hidden) return;
  tip.textContent = String(value);
  const room = document.documentElement.clientWidth - tip.offsetWidth - 8;
  tip.style.left = `${Math.max(8, Math.min(event.clientX + 12, room))}px`;
  tip.style.top = `${event.clientY + 16}px`;
}

for (const box of document.querySelectorAll("[data-chart]")) {
  const holder = document.createElement("div");
  const options = {
    mode: "vega-lite", renderer: "svg", actions: false, defaultStyle: false, tooltip: tell,
    ast: true, // expressions are interpreted: the policy of the page lets no text become a script
  };
  vegaEmbed(holder, specs[box.dataset.chart], options).then(() => {
    const drawn = box.querySelector("svg"), live = holder.querySelector("svg");
    live.setAttribute("viewBox", drawn.getAttribute("viewBox"));
    live.setAttribute("role", "img");
    live.setAttribute("aria-label", ["title", "desc"].map((tag) => drawn.querySelector(tag).textContent).join(". "));
    drawn.replaceWith(live);
  }, () => {});
}
