import base from "../playwright.config"

// Draws the pictures of the documentation anew: `npm run pictures`, after `npm run build`.
export default {
	...base,
	testDir: ".",
	testMatch: "*.pictures.ts",
	outputDir: "../../test-results",
	workers: 1,
}
