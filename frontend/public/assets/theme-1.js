// Before the first paint: a theme chosen on this browser beats the system's, so that nothing flashes.
// Files in this folder are served as immutable: a changed file takes the next number in its name.
try {
	const theme = localStorage.getItem("coscribe.theme")
	if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme
} catch {}
