import { render } from "preact"
import { App } from "./App"
import { loadMe } from "./me"
import { startRouter } from "./router"
import "./theme.css"
import "./base.css"
import "./ui/ui.css"

/** The service worker's files are fetched when the page has had its own, ms after it was loaded. */
const WORKER_AFTER = 1_500

const root = document.getElementById("app")
if (root) {
	startRouter()
	void loadMe()
	render(<App />, root)
}

// Where the browser has none, the page opens online only.
if (import.meta.env.PROD)
	addEventListener("load", () =>
		setTimeout(() => navigator.serviceWorker?.register("/worker.js").catch(() => {}), WORKER_AFTER),
	)
