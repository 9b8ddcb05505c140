import { render } from "preact"
import { App } from "./App"
import { loadMe } from "./me"
import { startRouter } from "./router"
import "./theme.css"
import "./base.css"
import "./ui/ui.css"

const root = document.getElementById("app")
if (root) {
	startRouter()
	void loadMe()
	render(<App />, root)
}
