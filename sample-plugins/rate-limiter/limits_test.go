package main

import (
	"fmt"
	"testing"
	"time"
)

// A full minute: windows that are fixed begin here.
var start = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// passed lets one event try at each of these times after the start, in milliseconds, and says which passed.
func passed(one limiter, times ...int) string {
	var seen string
	for _, ms := range times {
		now := start.Add(time.Duration(ms) * time.Millisecond)
		if one.wait(now) == 0 {
			one.take(now)
			seen += "+"
		} else {
			seen += "-"
		}
	}
	return seen
}

func TestBorders(t *testing.T) {
	rate := Rate{2, time.Minute}
	for _, c := range []struct {
		algorithm string
		times     []int
		want      string
	}{
		// The window begins anew at the full minute, whenever the events came.
		{"fixed_window", []int{50_000, 59_998, 59_999, 60_000, 60_001, 60_002, 120_000}, "++-++-+"},
		// One passes again when the oldest is a window old.
		{"sliding_window", []int{50_000, 59_998, 60_000, 109_999, 110_000, 119_997, 119_998}, "++--+-+"},
		// One token comes every thirty seconds, never more than two are kept.
		{"token_bucket", []int{0, 0, 0, 29_999, 30_000, 30_001, 600_000, 600_000, 600_000}, "++--+-++-"},
	} {
		if got := passed(algorithms[c.algorithm](rate), c.times...); got != c.want {
			t.Errorf("%s: got %s, want %s", c.algorithm, got, c.want)
		}
	}
}

func TestWait(t *testing.T) {
	for algorithm, want := range map[string]time.Duration{
		"fixed_window":   50 * time.Second,
		"sliding_window": time.Minute,
		"token_bucket":   30 * time.Second,
	} {
		one := algorithms[algorithm](Rate{2, time.Minute})
		now := start.Add(10 * time.Second)
		one.take(now)
		one.take(now)
		wait := one.wait(now)
		if off := wait - want; off < 0 || off > time.Microsecond {
			t.Errorf("%s: wait %v, want %v", algorithm, wait, want)
		}
		if left := one.wait(now.Add(wait)); left != 0 {
			t.Errorf("%s: after the wait, still %v", algorithm, left)
		}
	}
}

func TestBackwardsClock(t *testing.T) {
	for algorithm, make := range algorithms {
		one := make(Rate{1, time.Second})
		passed(one, 5000, 0, 0)
		if got := passed(one, 7000); got != "+" {
			t.Errorf("%s: stuck after the clock was set back", algorithm)
		}
	}
}

func TestParseRate(t *testing.T) {
	for text, want := range map[string]Rate{"1/s": {1, time.Second}, "30/m": {30, time.Minute}, "100000/d": {100_000, 24 * time.Hour}} {
		if got, err := parseRate(text); err != nil || got != want {
			t.Errorf("%s: got %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "30", "30/", "/m", "0/m", "-1/m", "1.5/m", "30/min", "100001/h"} {
		if got, err := parseRate(text); err == nil {
			t.Errorf("%q: got %v", text, got)
		}
	}
}

func TestAdmit(t *testing.T) {
	for algorithm := range algorithms {
		r, err := newRates(Config{Algorithm: algorithm, ByUser: "2/m", ByTool: map[string]string{"search": "1/h"}})
		if err != nil {
			t.Fatal(err)
		}
		ada, eve := caller{user: "ada", tool: "search"}, caller{user: "eve", tool: "search"}
		first, second := r.admit(ada, start), r.admit(eve, start)
		if first != nil || second == nil || second.by != "tool" {
			t.Fatalf("%s: got %v, %v", algorithm, first, second)
		}
		// What a tool's limit refused did not count for the user.
		for i := range 3 {
			refused := r.admit(caller{user: "eve", tool: "other"}, start)
			if (refused != nil) != (i == 2) {
				t.Errorf("%s: call %d: %v", algorithm, i, refused)
			}
		}
	}
}

func TestKeysAreBounded(t *testing.T) {
	for algorithm := range algorithms {
		r, _ := newRates(Config{Algorithm: algorithm, ByUser: "1/m"})
		for i := range mostKeys + 1 {
			if refused := r.admit(caller{user: fmt.Sprint(i)}, start); refused != nil {
				t.Fatalf("%s: user %d refused", algorithm, i)
			}
		}
		if r.admit(caller{user: "one more"}, start) == nil || len(r.limiters) != mostKeys+1 {
			t.Errorf("%s: users past the bound do not share a limit", algorithm)
		}
		if refused := r.admit(caller{user: "one more"}, start.Add(2*time.Minute)); refused != nil || len(r.limiters) > 2 {
			t.Errorf("%s: nothing was forgotten: %v, %d", algorithm, refused, len(r.limiters))
		}
	}
}
