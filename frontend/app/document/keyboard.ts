import { useEffect } from "preact/hooks"

/**
 * Keeps `--keyboard` on the root element: how many px of the window's foot a
 * phone's on-screen keyboard covers. The toolbar stands above it.
 */
export function useKeyboardInset(): void {
	useEffect(() => {
		const view = window.visualViewport
		if (!view) return
		const root = document.documentElement
		const measure = () => {
			// Pinch zoom shrinks the visual viewport too; only the keyboard does so at scale 1.
			const covered = view.scale > 1.01 ? 0 : Math.max(0, innerHeight - view.height - view.offsetTop)
			root.style.setProperty("--keyboard", `${Math.round(covered)}px`)
		}
		measure()
		view.addEventListener("resize", measure)
		view.addEventListener("scroll", measure)
		return () => {
			view.removeEventListener("resize", measure)
			view.removeEventListener("scroll", measure)
			root.style.removeProperty("--keyboard")
		}
	}, [])
}
