// `npm run webkit`: what people do, in WebKit, the engine of Safari, against
// the real binary. Words go to Playwright: `npm run webkit -- saving`.
import { build, installPackages, requireToolchain, requireWebKit, run } from "./tools.mjs"

requireToolchain()
installPackages()
const { driver, browser, screen } = requireWebKit()
build()
const test = ["npx", "--no-install", "playwright", "test", "--config", "e2e/webkit/playwright.config.ts"]
// On a screen that nobody sees, in whose windows nobody works. The C locale is the hardest: it names no language.
run(screen, ["-a", "-s", "-screen 0 1400x1000x24", ...test, ...process.argv.slice(2)], {
	env: { WEBKIT_DRIVER: driver, WEBKIT_BROWSER: browser, GDK_BACKEND: "x11", LC_ALL: "C.UTF-8" },
})
