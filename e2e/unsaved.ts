/** The text of the unsaved edits in the journal of the browser in whose page this runs. */
export const unsavedText = () =>
	new Promise<string>((resolve) => {
		const opening = indexedDB.open("coscribe")
		opening.onsuccess = () => {
			const reading = opening.result.transaction("entries").objectStore("entries").getAll()
			reading.onsuccess = () => {
				opening.result.close()
				const ops = reading.result.flatMap(({ inflight, buffer }) => [...(inflight?.delta ?? []), ...buffer])
				resolve(ops.map((op) => op.insert ?? "").join(""))
			}
		}
	})
