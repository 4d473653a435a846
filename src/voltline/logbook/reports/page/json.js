// A frame's JSON spread over lines. It is not parsed: large numbers and odd spellings stay as they were sent.

const MOST_LINES = 2000;

function spread(text) {
  if (!/^\s*[[{]/.test(text)) return text;
  const tokens = text.match(/"(?:[^"\\]|\\.)*"?|[[\]{},:]|[^\s"[\]{},:]+/g) || [];
  let depth = 0;
  let lines = 1;
  let result = "";
  const newLine = () => {
    lines += 1;
    result += "\n" + "  ".repeat(Math.min(depth, 40));
  };
  for (let i = 0; i < tokens.length && lines < MOST_LINES; i += 1) {
    const token = tokens[i];
    const next = tokens[i + 1];
    if (token === "[" || token === "{") {
      result += token;
      if (next === "]" || next === "}") continue;
      depth += 1;
      newLine();
    } else if (token === "]" || token === "}") {
      if (i && tokens[i - 1] !== "[" && tokens[i - 1] !== "{") {
        depth = Math.max(depth - 1, 0);
        newLine();
      }
      result += token;
    } else if (token === ",") {
      result += token;
      newLine();
    } else result += token === ":" ? ": " : token;
  }
  return lines < MOST_LINES ? result : `${result}\n…`;
}

// A raw line that unfolds upon a click.
function rawLine(text) {
  const line = el("pre", { class: "raw", tabindex: "0", role: "button", title: "Click to spread it over lines, and again to fold it" }, visible(text));
  let open = false;
  const turn = () => {
    if (String(getSelection()).length) return; // somebody copies
    open = !open;
    line.textContent = open ? visible(spread(text)) : visible(text);
    line.classList.toggle("open", open);
  };
  line.addEventListener("click", turn);
  line.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      turn();
    }
  });
  return line;
}
