const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

/** The person's language for dates; English where the browser names none, as WebKit does that runs in the C locale. */
export const locale = localeOf(typeof navigator === "undefined" ? "" : navigator.language)

export function localeOf(language: string): string {
	try {
		return Intl.getCanonicalLocales(language)[0] ?? "en"
	} catch {
		return "en"
	}
}

/** Days between two moments as the calendar counts them, not in spans of 24 hours. */
function calendarDays(from: Date, to: Date): number {
	const start = (moment: Date) => Date.UTC(moment.getFullYear(), moment.getMonth(), moment.getDate())
	return Math.round((start(to) - start(from)) / day)
}

/** Says when something happened, as one would in conversation. `now` is in ms since 1970. */
export function relativeTime(at: string | Date, now: number = Date.now()): string {
	const then = new Date(at)
	const age = now - then.getTime()
	if (Number.isNaN(age)) return ""
	if (age < minute) return "just now" // also a server clock slightly ahead of ours
	if (age < hour) return `${Math.floor(age / minute)} min ago`
	const days = calendarDays(then, new Date(now))
	if (days === 0) return age < 2 * hour ? "an hour ago" : `${Math.floor(age / hour)} hours ago`
	if (days === 1) return "yesterday"
	if (days < 7) return `${days} days ago`
	const sameYear = then.getFullYear() === new Date(now).getFullYear()
	return then.toLocaleDateString(locale, { day: "numeric", month: "short", ...(sameYear ? {} : { year: "numeric" }) })
}

/** The exact moment in the person's own zone and language, for a tooltip. */
export function exactTime(at: string | Date): string {
	const then = new Date(at)
	return Number.isNaN(then.getTime()) ? "" : then.toLocaleString(locale, { dateStyle: "full", timeStyle: "short" })
}
