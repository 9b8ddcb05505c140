import { Monitor, Moon, Sun, UserPen } from "lucide-preact"
import { useState } from "preact/hooks"
import { me } from "./me"
import { ProfileDialog } from "./ProfileDialog"
import { chooseTheme, theme } from "./theme"
import { Avatar } from "./ui/Avatar"
import { Menu, type MenuItem } from "./ui/Menu"

/** The three themes as lines of a menu. */
export function themeItems(): MenuItem[] {
	return [
		{ label: "As the system", icon: <Monitor size={16} />, value: "system" as const },
		{ label: "Light", icon: <Sun size={16} />, value: "light" as const },
		{ label: "Dark", icon: <Moon size={16} />, value: "dark" as const },
	].map(({ value, ...item }, index) => ({
		...item,
		...(index === 0 ? { heading: "Appearance", separated: true } : {}),
		checked: theme.value === value,
		onSelect: () => chooseTheme(value),
	}))
}

/** One's own mark, and behind it one's name and colour, the page's own choices and the theme. */
export function PersonMenu({ extra }: { extra?: MenuItem }) {
	const [editing, setEditing] = useState(false)
	const self = me.value
	return (
		<>
			<Menu
				label={self ? `You are ${self.name}` : "You"}
				align="end"
				class="icon-button person-button"
				items={[
					{ label: "Your name and colour", icon: <UserPen size={16} />, onSelect: () => setEditing(true) },
					...(extra ? [extra] : []),
					...themeItems(),
				]}
			>
				<Avatar person={self ?? { name: "", color: "#64748b" }} size={28} />
			</Menu>
			{editing && <ProfileDialog onClose={() => setEditing(false)} />}
		</>
	)
}
