import { ArrowLeft } from "lucide-preact"
import { follow } from "../router"

/** The way back to the list of documents. */
export function HomeLink({ class: extra }: { class?: string }) {
	return (
		<a
			class={extra ? `icon-button ${extra}` : "icon-button"}
			href="/"
			aria-label="All documents"
			title="All documents"
			onClick={(event) => follow(event, { page: "home" })}
		>
			<ArrowLeft size={20} class="bar-arrow" />
		</a>
	)
}
