import base from "../playwright.config"

// The same page in WebKit, the engine of Safari: `npm run webkit`. Playwright only runs the tests; the browser is the
// system's own WebKitGTK, driven by the W3C WebDriver protocol (driver.ts).
export default {
	...base,
	testDir: ".",
	testMatch: "*.webkit.ts",
	outputDir: "../../test-results",
}
