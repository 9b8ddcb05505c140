// The order tells them apart: browsers name those that they descend from too.
const BROWSERS = [
	["Edg", "Edge"],
	["OPR", "Opera"],
	["SamsungBrowser", "Samsung Internet"],
	["Firefox", "Firefox"],
	["FxiOS", "Firefox"],
	["CriOS", "Chrome"],
	["Chrome", "Chrome"],
	["Safari", "Safari"],
	["curl", "curl"],
] as const

const SYSTEMS = [
	["iPhone", "iPhone"],
	["iPad", "iPad"],
	["Android", "Android"],
	["CrOS", "ChromeOS"],
	["Windows", "Windows"],
	["Macintosh", "Mac"],
	["Linux", "Linux"],
] as const

/** What a person would call the browser that sends this User-Agent. */
export function browserOf(agent: string): string {
	const among = (known: readonly (readonly [string, string])[]) => known.find(([part]) => agent.includes(part))?.[1]
	const browser = among(BROWSERS)
	const system = among(SYSTEMS)
	if (!browser) return agent.split(/[\s/]/)[0] || "Unknown browser"
	return system ? `${browser} on ${system}` : browser
}
