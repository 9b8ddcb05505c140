package main

import (
	"testing"
	"time"
)

// A server is killed while 20 people write, at every moment of its life: while
// it starts, in its first commits, in the middle of a checkpoint.
func TestFaultKill(t *testing.T) {
	random, seed := seeded(t)
	kills := count(*faultKills, 300, 3)
	server := serveProcess(t, t.TempDir())
	server.start()
	var documents []string
	for range 4 {
		documents = append(documents, server.document("Killed"))
	}
	people := gather(t, server, seed, 150*time.Millisecond, 5, documents...)
	people.mix()
	people.write()
	people.until(40)
	var slowest time.Duration
	early, idle := 0, 0
	for kill := range kills {
		before := people.acks()
		if kill%6 == 5 {
			// Within its start, whose end nobody waits for.
			server.kill()
			server.launch()
			time.Sleep(time.Duration(random.IntN(80_000)) * time.Microsecond)
			early++
		} else {
			time.Sleep(time.Duration(random.IntN(900_000)) * time.Microsecond)
		}
		server.kill()
		if people.acks() == before {
			idle++
		}
		slowest = max(slowest, server.start())
		people.compare()
		if t.Failed() {
			t.Fatalf("after kill %d", kill+1)
		}
	}
	people.until(max(1, 20*kills-people.acks())) // else the run was empty
	took := people.converge(patience)
	if campaign() && slowest > 5*time.Second {
		t.Errorf("a start took %v, more than 5 s", slowest)
	}
	if kills >= 10 && idle > kills/2 {
		t.Errorf("the run was empty: %d of %d kills without an acknowledged change", idle, kills)
	}
	server.stop()
	server.verify()
	t.Logf("%d kills (%d while starting, %d with nothing acknowledged since the one before), %d changes acknowledged by 20 writers, each there exactly once; slowest start %v; all equal %v after the last",
		kills, early, idle, people.acks(), slowest.Round(time.Millisecond), took.Round(time.Millisecond))
}
