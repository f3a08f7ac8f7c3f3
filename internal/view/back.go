package view

import (
	"fmt"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/phrase"
	"emrguard/internal/pool"
	"emrguard/internal/recovery"
)

// Back says that nothing keeps a pool's origin from being asked again for what runs on fallbacks, and that nobody does so by itself.
type Back struct {
	Since time.Time `json:"since" doc:"when the ban of the origin was over"`
	Count int       `json:"count" doc:"instances that fallbacks are asked for in the place of the origin"`
	Order string    `json:"order" doc:"the command that asks the origin for them"`
}

// back is what a person may ask the origin of a TASK pool for, or nil: its ban has lapsed, and returns are by hand. A short CORE group is told as such.
func (w World) back(c Cluster, p pool.Pool) *Back {
	origin := p.Members[0]
	if p.Role != emr.Task || p.Elsewhere(c.View()) == 0 || origin.Ban == nil || origin.Banned(w.Now) || p.Rest != nil || c.Settings.Return == recovery.Auto {
		return nil
	}
	for _, r := range c.Recoveries {
		if r.Pool == p.Origin {
			return nil
		}
	}
	return &Back{Since: origin.Ban.Until, Count: p.Elsewhere(c.View()), Order: "emrguard return " + string(p.Origin)}
}

// sentence says it with the way back.
func (b *Back) sentence(now time.Time) string {
	return fmt.Sprintf("the ban is over since %s, and %d %s still placed on fallbacks: `%s` asks the origin for them", Since(b.Since, now), b.Count, phrase.Are(b.Count), b.Order)
}
