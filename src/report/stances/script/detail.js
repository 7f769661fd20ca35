// The selected row in full, and the form in which it is reviewed.

const PROBABILITIES = STANCES.map((stance) => [stance, `p_${stance}`]);

function fact(name, ...content) {
  return html("div", {}, html("dt", {}, name), html("dd", {}, ...content));
}

function bars(row) {
  return html("table", { class: "bars" }, html("caption", {}, "probabilities"), html("tbody", {},
    PROBABILITIES.map(([stance, column]) => {
      const probability = Number(cell(row, column));
      const bar = html("div", { class: `bar ${stance}` });
      bar.style.width = `${100 * probability}%`;
      return html("tr", {}, html("th", { scope: "row" }, badge(stance), ` ${stance}`), html("td", {}, html("div", { class: "track" }, bar)),
        html("td", { class: "number" }, probability.toFixed(3)));
    })));
}

function remarks(row) {
  const told = [];
  if (cell(row, "mixed") === "true") told.push("Mixed: different passages of the document report different stances.");
  if (row.wanted) told.push("Needs review: the model is less certain than its threshold for this label, or the row is mixed.");
  if (cell(row, "truncated") === "true") told.push("Truncated: a passage was too long for the model and lost words.");
  const marks = text(row, "evidence");
  if (!marks.includes("[[") || !marks.includes("{{")) told.push("The sentence names only one of the two; the other stands before it in the text.");
  return told.map((remark) => html("p", { class: "soft" }, remark));
}

function stanceButtons(row) {
  const { stance } = review(row);
  return html("div", { class: "answers", role: "group", "aria-label": "Reviewed stance" },
    STANCES.map((answer) => html("button", {
      type: "button", class: `answer ${answer}`, "aria-pressed": String(stance === answer), "data-stance": answer,
      onclick: () => reviewSelected({ stance: answer }),
    }, badge(answer), ` ${answer}`)),
    html("button", { type: "button", class: "link", disabled: stance === "", onclick: () => reviewSelected({ stance: "" }) }, "take back"));
}

/** Shows the selected row. Not called while its note is being typed, which would take the cursor away. */
function showDetail() {
  const panel = byId("detail");
  const row = selectedRow();
  if (!row) {
    panel.replaceChildren(html("p", { class: "soft" }, "No row is selected."));
    return;
  }
  const { note, reviewer } = review(row);
  const [title, document, source] = [text(row, "title"), text(row, "doc_id"), text(row, "source")];
  panel.replaceChildren(
    html("h2", {}, nameOf(row.actor), " → ", nameOf(row.target)),
    html("p", { class: "label" }, badge(row.label), ` ${row.label} `, html("span", { class: "soft" }, `confidence ${row.confidence.toFixed(3)}`)),
    html("blockquote", {}, ...evidence(row)),
    html("p", { class: "soft key" }, html("mark", { class: "actor" }, "actor"), " ", html("mark", { class: "target" }, "target")),
    ...remarks(row),
    stanceButtons(row),
    html("label", { class: "note" }, "Note ", html("textarea", {
      id: "note", rows: 3, oninput: (event) => reviewSelected({ note: event.target.value }), placeholder: "why, or what to ask",
    }, note)),
    html("p", { class: "soft", id: "reviewed-by" }, reviewer ? `Reviewed by ${reviewer}.` : ""),
    bars(row),
    html("dl", { class: "facts" },
      title && fact("title", title), fact("document", document), fact("date", row.date || "unknown"),
      fact("source", `${source}, bytes ${cell(row, "evidence_start")}–${cell(row, "evidence_end")}`),
      fact("passages", cell(row, "n_passages")),
      fact("ids", html("code", {}, row.actor), " → ", html("code", {}, row.target), " · ", html("code", {}, cell(row, "row_id")))));
}

/** Reviews the selected row. It stays in the list even if it no longer fits the filters, until a filter changes. */
function reviewSelected(change) {
  const row = selectedRow();
  if (!row || !setReview(row, change)) return;
  redrawRow(selected);
  showKept();
  if ("note" in change) byId("reviewed-by").textContent = review(row).reviewer ? `Reviewed by ${review(row).reviewer}.` : "";
  else if (change.stance && byId("advance").checked && selected + 1 < listed.length) select(selected + 1);
  else showDetail();
}
