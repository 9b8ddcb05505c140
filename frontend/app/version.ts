import { signal } from "@preact/signals"

/** True once the server serves another build of this page than the one that runs. */
export const newVersion = signal(false)

/** The hashed entry script that an index page names. */
export function entryScript(html: string): string | null {
	return /<script[^>]+type="module"[^>]+src="([^"]+)"/.exec(html)?.[1] ?? null
}

/** Compares the running build with the server's; called after a reconnect, when a restart may have brought a new one. */
export async function checkVersion(): Promise<void> {
	const running = document.querySelector<HTMLScriptElement>("script[type=module][src]")?.getAttribute("src")
	try {
		const response = await fetch("/", { headers: { Accept: "text/html" } })
		const served = response.ok ? entryScript(await response.text()) : null
		if (running && served && served !== running) newVersion.value = true
	} catch {
		// Offline again: the next reconnect asks again.
	}
}
