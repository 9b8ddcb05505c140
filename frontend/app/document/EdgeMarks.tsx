import { ArrowDown, ArrowUp } from "lucide-preact"
import { useEffect, useState } from "preact/hooks"
import type { Editor, PeerCaret } from "../../editor/types.ts"
import { inkOn } from "../ui/color"

/** Carets beyond the edge of what is in view, as marks at that edge; a press goes there. */
export function EdgeMarks({ editor, occasion }: { editor: Editor; occasion: unknown }) {
	const [carets, setCarets] = useState<readonly PeerCaret[]>([])
	// Carets move when peers, text or the window do.
	useEffect(() => {
		let frame = 0
		const look = () => {
			frame ||= requestAnimationFrame(() => {
				frame = 0
				setCarets(editor.peerCarets().filter((caret) => caret.rect && caret.place !== "visible"))
			})
		}
		look()
		addEventListener("scroll", look, { passive: true })
		addEventListener("resize", look)
		return () => {
			cancelAnimationFrame(frame)
			removeEventListener("scroll", look)
			removeEventListener("resize", look)
		}
	}, [editor, occasion])
	return (
		<>
			{(["above", "below"] as const).map((place) => {
				const here = carets.filter((caret) => caret.place === place).slice(0, 3)
				if (here.length === 0) return null
				const Arrow = place === "above" ? ArrowUp : ArrowDown
				return (
					<div key={place} class={`edge edge-${place}`}>
						{here.map((caret) => (
							<button
								key={caret.peer}
								type="button"
								class="edge-mark"
								style={{ background: caret.color, color: inkOn(caret.color) }}
								aria-label={`${caret.name} is ${place}, go there`}
								onClick={() => editor.scrollToPeer(caret.peer)}
							>
								<Arrow size={12} aria-hidden="true" />
								<span>{caret.name}</span>
							</button>
						))}
					</div>
				)
			})}
		</>
	)
}
