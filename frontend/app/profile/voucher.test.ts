import { expect, test } from "vitest"
import { voucherName } from "./voucher"

test.each([
	["https://login.example.org/realms/team", "login.example.org"],
	["proxy", "The proxy before this server"],
	["no address", "no address"],
])("%s is called %s", (issuer, expected) => {
	expect(voucherName(issuer)).toBe(expected)
})
