// Makes elements. Text goes in as text nodes and attributes as values, so nothing that comes from the table is read as HTML.

const SVG = "http://www.w3.org/2000/svg";

const byId = (id) => document.getElementById(id);

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child != null && child !== false));
  return element;
}

/** An HTML element; `on…` attributes are listeners, false and null ones are left out. */
const html = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);

/** An SVG element. */
const svg = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

/** A stance as a letter on its colour, and its name for those who do not see it. */
function badge(stance, label = stance) {
  return html("span", { class: `badge ${stance}`, title: label, role: "img", "aria-label": label }, stance[0].toUpperCase());
}

/** `1,234`, and `1 row` but `2 rows`. */
const count = (n, one, many = `${one}s`) => `${n.toLocaleString("en")} ${n === 1 ? one : many}`;
