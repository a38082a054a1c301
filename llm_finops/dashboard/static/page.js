// Nothing here is needed to read a page: choosing a filter asks at once, pictures speak where one points, a theme is kept.
"use strict";

const root = document.documentElement;
const theme = document.getElementById("theme");
const isDark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";

function chosen(name) {
  if (name) root.dataset.theme = name;
  theme.textContent = isDark() ? "Light" : "Dark";
  theme.setAttribute("aria-label", isDark() ? "Switch to light colours" : "Switch to dark colours");
}

try { chosen(localStorage.getItem("theme")); } catch { chosen(null); }
theme.hidden = false;
theme.addEventListener("click", () => {
  const name = isDark() ? "light" : "dark";
  chosen(name);
  try { localStorage.setItem("theme", name); } catch { /* kept for this page alone */ }
});

for (const select of document.querySelectorAll(".filters select")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}
for (const form of document.querySelectorAll(".filters")) {
  // An empty filter is no filter: it stays out of the address.
  form.addEventListener("formdata", (event) => {
    for (const [name, value] of [...event.formData]) if (!value) event.formData.delete(name);
  });
}

const says = document.createElement("div");
says.id = "says";
says.hidden = true;
says.setAttribute("aria-hidden", "true");
document.body.append(says);
document.addEventListener("pointermove", (event) => {
  const mark = event.target.closest?.("figure svg [aria-label]");
  says.hidden = !mark;
  if (!mark) return;
  says.textContent = mark.getAttribute("aria-label");
  const left = Math.min(event.clientX + 14, innerWidth - says.offsetWidth - 8);
  says.style.setProperty("left", `${Math.max(8, left)}px`);
  says.style.setProperty("top", `${Math.min(event.clientY + 16, innerHeight - says.offsetHeight - 8)}px`);
});
