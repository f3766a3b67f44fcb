package main

import (
	"sync"
	"time"
)

// Config is what the manifest's configSchema describes.
type Config struct {
	Algorithm string            `json:"algorithm"`
	ByUser    string            `json:"byUser"`
	ByTenant  string            `json:"byTenant"`
	ByTool    map[string]string `json:"byTool"`
}

// Limiters of most keys; further keys of one kind share one.
const mostKeys = 10_000

// rates holds the limiters of all keys.
type rates struct {
	mu       sync.Mutex
	make     func(Rate) limiter
	user     *Rate
	tenant   *Rate
	tools    map[string]Rate
	limiters map[string]limiter
}

func newRates(config Config) (*rates, error) {
	made := &rates{make: algorithms[config.Algorithm], tools: map[string]Rate{}, limiters: map[string]limiter{}}
	var err error
	if made.user, err = optionalRate(config.ByUser); err != nil {
		return nil, err
	}
	if made.tenant, err = optionalRate(config.ByTenant); err != nil {
		return nil, err
	}
	for tool, text := range config.ByTool {
		if made.tools[tool], err = parseRate(text); err != nil {
			return nil, err
		}
	}
	return made, nil
}

func optionalRate(text string) (*Rate, error) {
	if text == "" {
		return nil, nil
	}
	rate, err := parseRate(text)
	return &rate, err
}

// caller says who asks for what; what is not known is empty and has no limit.
type caller struct{ user, tenant, tool string }

// refusal says which limit is reached.
type refusal struct {
	by    string
	rate  Rate
	until time.Duration
}

// admit counts the event at all limits that hold for it, or at none when one of them is reached: then the longest wait counts.
func (r *rates) admit(who caller, now time.Time) *refusal {
	r.mu.Lock()
	defer r.mu.Unlock()
	var asked []limiter
	var refused *refusal
	ask := func(by, key string, rate Rate) {
		one := r.limiterOf(by, key, rate, now)
		asked = append(asked, one)
		if wait := one.wait(now); wait > 0 && (refused == nil || wait > refused.until) {
			refused = &refusal{by, rate, wait}
		}
	}
	if r.user != nil && who.user != "" {
		ask("user", who.user, *r.user)
	}
	if r.tenant != nil && who.tenant != "" {
		ask("tenant", who.tenant, *r.tenant)
	}
	if rate, isLimited := r.tools[who.tool]; isLimited && who.tool != "" {
		ask("tool", who.tool, rate)
	}
	if refused == nil {
		for _, one := range asked {
			one.take(now)
		}
	}
	return refused
}

func (r *rates) limiterOf(by, key string, rate Rate, now time.Time) limiter {
	name := by + "\x00" + key
	if r.limiters[name] == nil && len(r.limiters) >= mostKeys && !r.sweep(now) {
		name = by
	}
	if r.limiters[name] == nil {
		r.limiters[name] = r.make(rate)
	}
	return r.limiters[name]
}

// sweep forgets limiters that are as good as new, and says whether there is room now.
func (r *rates) sweep(now time.Time) bool {
	for name, one := range r.limiters {
		if one.isFull(now) {
			delete(r.limiters, name)
		}
	}
	return len(r.limiters) < mostKeys
}
