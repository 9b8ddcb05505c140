import { Plus } from "lucide-preact"
import { Button } from "../ui/Button"
import { createAndOpen } from "./library"
import { TOUR, TOUR_TITLE } from "./tour"
import "./empty.css"

/** What a new server shows: the product in one picture and three sentences, and the way into the first document. */
export function EmptyState() {
	return (
		<section class="empty" aria-labelledby="empty-title">
			<div class="scene" aria-hidden="true">
				<p class="scene-title">Launch plan</p>
				<p>
					We open on <mark class="scene-selected">Thursday</mark>
					<Caret name="Ada" who="ada" /> at nine.
				</p>
				<p>
					Lin writes the announcement
					<Caret name="Lin" who="lin" />
				</p>
				<p class="scene-state">Saved</p>
			</div>
			<h1 id="empty-title">Write together</h1>
			<ul class="empty-points">
				<li>
					<strong>At the same time.</strong> See everyone's text and caret as they type.
				</li>
				<li>
					<strong>Saved means saved.</strong> The page says so once it is on the server's disk.
				</li>
				<li>
					<strong>By link.</strong> Share a document's address and others write with you.
				</li>
			</ul>
			<div class="empty-actions">
				<Button look="primary" icon={<Plus size={18} />} onClick={() => void createAndOpen()}>
					New document
				</Button>
				<Button look="plain" onClick={() => void createAndOpen({ title: TOUR_TITLE, content: TOUR })}>
					Start with a short tour
				</Button>
			</div>
		</section>
	)
}

function Caret({ name, who }: { name: string; who: "ada" | "lin" }) {
	return (
		<span class={`scene-caret scene-${who}`}>
			<span class="scene-flag">{name}</span>
		</span>
	)
}
