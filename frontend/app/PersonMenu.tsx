import { LogIn, LogOut, Monitor, Moon, ShieldCheck, Sun, UserPen } from "lucide-preact"
import { useState } from "preact/hooks"
import { signOut } from "./api"
import { isAdministrator, isMember, me } from "./me"
import { loadProfileDialog } from "./pages"
import { navigate } from "./router"
import { chooseTheme, theme } from "./theme"
import { Avatar } from "./ui/Avatar"
import { LazyDialog } from "./ui/Lazy"
import { Menu, type MenuItem } from "./ui/Menu"
import { toast } from "./ui/Toast"

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

/** Leaves this browser signed out. The page begins anew, so that nothing of this person stays in it. */
function leave(): void {
	signOut().then(
		() => location.assign("/"),
		(error: Error) => toast(error.message),
	)
}

/** One's own mark, and behind it one's profile, the page's own choices and the theme. */
export function PersonMenu({ extra }: { extra?: MenuItem }) {
	const [editing, setEditing] = useState(false)
	const close = () => setEditing(false)
	const self = me.value
	const member = isMember()
	const own: MenuItem = member
		? { label: "Your profile", icon: <UserPen size={16} />, onSelect: () => navigate({ page: "profile" }) }
		: { label: "Your name and colour", icon: <UserPen size={16} />, onSelect: () => setEditing(true) }
	return (
		<>
			<Menu
				label={self ? `You are ${self.name}` : "You"}
				align="end"
				class="icon-button person-button"
				items={[
					own,
					...(isAdministrator()
						? [
								{
									label: "Administration",
									icon: <ShieldCheck size={16} />,
									onSelect: () => navigate({ page: "admin" }),
								},
							]
						: []),
					...(extra ? [extra] : []),
					...themeItems(),
					member
						? { label: "Sign out", icon: <LogOut size={16} />, separated: true, onSelect: leave }
						: {
								label: "Sign in",
								icon: <LogIn size={16} />,
								separated: true,
								onSelect: () => navigate({ page: "signin" }),
							},
				]}
			>
				<Avatar person={self ?? { name: "", color: "#64748b" }} size={28} />
			</Menu>
			{editing && (
				<LazyDialog load={loadProfileDialog} onClose={close}>
					{({ ProfileDialog }) => <ProfileDialog onClose={close} />}
				</LazyDialog>
			)}
		</>
	)
}
