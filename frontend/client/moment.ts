/** Now, on two clocks: people and time servers set the one back, and the other may stand still while the machine sleeps. */
export class Moment {
	private readonly wall = Date.now()
	private readonly steady = performance.now()

	/** How long ago that is at least, ms. */
	get age(): number {
		return Math.max(Date.now() - this.wall, performance.now() - this.steady)
	}
}
