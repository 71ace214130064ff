// Runs before the first paint: the chosen theme must not flash the other one.
// "system" (or nothing) leaves the choice to the style sheet's media query.
try {
  const theme = localStorage.getItem("tollgate-theme");
  if (theme === "light" || theme === "dark") {
    document.documentElement.dataset.theme = theme;
  }
} catch {
  // Storage may be forbidden; the system's theme is fine then.
}
