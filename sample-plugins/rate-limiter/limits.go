package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Rate is how many events a window of time may hold.
type Rate struct {
	Count  int
	Window time.Duration
}

var units = map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}

// Largest count: a sliding window keeps a time for each event.
const mostCount = 100_000

// parseRate reads "30/m"; s, m, h and d are the units.
func parseRate(text string) (Rate, error) {
	count, unit, _ := strings.Cut(text, "/")
	n, err := strconv.Atoi(count)
	window, isUnit := units[unit]
	if err != nil || !isUnit || n < 1 || n > mostCount {
		return Rate{}, fmt.Errorf("Cannot read the rate %q: a number from 1 to %d and s, m, h or d are needed, such as \"30/m\"", text, mostCount)
	}
	return Rate{n, window}, nil
}

// limiter counts for one key. wait is 0 when one more event may pass now; take lets it pass.
type limiter interface {
	wait(now time.Time) time.Duration
	take(now time.Time)
	// isFull: nothing counts any more, so it may be forgotten.
	isFull(now time.Time) bool
}

var algorithms = map[string]func(Rate) limiter{
	"fixed_window":   func(rate Rate) limiter { return &fixedWindow{rate: rate} },
	"sliding_window": func(rate Rate) limiter { return &slidingWindow{rate: rate} },
	"token_bucket":   func(rate Rate) limiter { return &tokenBucket{rate: rate, tokens: float64(rate.Count)} },
}

// fixedWindow counts in windows that begin at full minutes, hours and so on: at a border twice the rate may pass.
type fixedWindow struct {
	rate  Rate
	start time.Time
	count int
}

func (l *fixedWindow) roll(now time.Time) {
	if start := now.Truncate(l.rate.Window); !start.Equal(l.start) {
		l.start, l.count = start, 0
	}
}

func (l *fixedWindow) wait(now time.Time) time.Duration {
	if l.roll(now); l.count < l.rate.Count {
		return 0
	}
	return l.start.Add(l.rate.Window).Sub(now)
}

func (l *fixedWindow) take(now time.Time) { l.roll(now); l.count++ }

func (l *fixedWindow) isFull(now time.Time) bool { l.roll(now); return l.count == 0 }

// slidingWindow never lets more than the rate pass in any window, wherever it begins.
type slidingWindow struct {
	rate  Rate
	times []time.Time
}

func (l *slidingWindow) drop(now time.Time) {
	for len(l.times) > 0 && now.Sub(l.times[0]) >= l.rate.Window {
		l.times = l.times[1:]
	}
}

func (l *slidingWindow) wait(now time.Time) time.Duration {
	if l.drop(now); len(l.times) < l.rate.Count {
		return 0
	}
	return l.times[0].Add(l.rate.Window).Sub(now)
}

func (l *slidingWindow) take(now time.Time) { l.drop(now); l.times = append(l.times, now) }

func (l *slidingWindow) isFull(now time.Time) bool { l.drop(now); return len(l.times) == 0 }

// tokenBucket fills evenly and holds at most the rate's count: bursts pass as long as there are tokens.
type tokenBucket struct {
	rate   Rate
	tokens float64
	filled time.Time
}

func (l *tokenBucket) fill(now time.Time) {
	if !l.filled.IsZero() && now.After(l.filled) {
		share := float64(now.Sub(l.filled)) / float64(l.rate.Window)
		l.tokens = min(l.tokens+share*float64(l.rate.Count), float64(l.rate.Count))
	}
	l.filled = now
}

func (l *tokenBucket) wait(now time.Time) time.Duration {
	if l.fill(now); l.tokens >= 1 {
		return 0
	}
	return time.Duration((1-l.tokens)/float64(l.rate.Count)*float64(l.rate.Window)) + 1
}

func (l *tokenBucket) take(now time.Time) { l.fill(now); l.tokens-- }

func (l *tokenBucket) isFull(now time.Time) bool {
	l.fill(now)
	return l.tokens >= float64(l.rate.Count)
}
