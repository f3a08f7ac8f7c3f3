package sqlite

import (
	"context"
	"fmt"
	"strings"
	"time"

	"emrguard/internal/store"
)

// maxKinds is how many kinds a query takes one by one through their index; beyond it the newest rows are looked through.
const maxKinds = 100

// History implements store.Store. A page costs about its own length if the query names a recovery, a pool, a group, a
// cluster, kinds without a time, a scope, or nothing, each alone or with Before or After; what else the query asks for
// is then looked up row by row. A query by time reads the index of the time asked for.
func (s *Store) History(ctx context.Context, q store.Query) ([]store.Record, error) {
	q, err := q.Normal()
	if err != nil {
		return nil, err
	}
	page, args, err := s.page(ctx, q)
	if err != nil {
		return nil, err
	}
	var records []store.Record
	err = s.each(ctx, s.read, "read history",
		"SELECT "+recordColumns+" FROM records WHERE seq IN ("+page+") ORDER BY seq "+direction(q), args,
		func(r *row) (string, error) {
			h, err := r.record()
			if err == nil {
				records = append(records, h)
			}
			return fmt.Sprintf("record %s (number %d)", h.ID, h.Seq), err
		})
	return records, err
}

// page is the SELECT of the numbers of the records, on the index that the query restricts most.
func (s *Store) page(ctx context.Context, q store.Query) (string, []any, error) {
	from := "records NOT INDEXED"
	switch {
	case q.Recovery != "":
		from = "records INDEXED BY records_recovery"
	case q.Pool != "":
		from = "records INDEXED BY records_pool"
	case q.Group != "":
		from = "records INDEXED BY records_grp"
	case q.Cluster != "":
		from = "records INDEXED BY records_cluster"
	case q.After != 0: // a follower: what is new is little
	case !q.From.IsZero() || !q.To.IsZero():
		from = "records INDEXED BY records_at"
	case len(q.Kinds) > 0:
		kinds, err := s.kinds(ctx, q.Kinds)
		if err != nil {
			return "", nil, err
		}
		if len(kinds) <= maxKinds {
			page, args := byKind(q, kinds)
			return page, args, nil
		}
	case q.Scope != "":
		from = "records INDEXED BY records_scope"
	}
	where, args := conditions(q)
	return limited(q, from, where), append(args, q.Limit), nil
}

// byKind merges the pages of the kinds.
func byKind(q store.Query, kinds []string) (string, []any) {
	if len(kinds) == 0 {
		return "SELECT NULL WHERE 0", nil
	}
	var pages []string
	var args []any
	for _, k := range kinds {
		q.Kinds = []string{k}
		where, with := conditions(q)
		pages = append(pages, "SELECT seq FROM ("+limited(q, "records INDEXED BY records_kind", where)+")")
		args = append(append(args, with...), q.Limit)
	}
	return strings.Join(pages, " UNION ALL ") + " ORDER BY seq " + direction(q) + " LIMIT ?", append(args, q.Limit)
}

func limited(q store.Query, from string, where []string) string {
	if len(where) > 0 {
		from += " WHERE " + strings.Join(where, " AND ")
	}
	return "SELECT seq FROM " + from + " ORDER BY seq " + direction(q) + " LIMIT ?"
}

func direction(q store.Query) string {
	if q.Oldest {
		return "ASC"
	}
	return "DESC"
}

func conditions(q store.Query) (where []string, args []any) {
	add := func(condition string, values ...any) {
		where, args = append(where, condition), append(args, values...)
	}
	for _, c := range []struct{ column, value string }{
		{"scope", q.Scope}, {"cluster", q.Cluster}, {"grp", q.Group}, {"pool", q.Pool}, {"recovery", q.Recovery},
	} {
		if c.value != "" {
			add(c.column+" = ?", c.value)
		}
	}
	for _, c := range []struct {
		condition string
		at        time.Time
	}{{"at >= ?", q.From}, {"at < ?", q.To}} {
		if !c.at.IsZero() {
			add(c.condition, c.at.UnixMicro())
		}
	}
	if q.Before != 0 {
		add("seq < ?", q.Before)
	}
	if q.After != 0 {
		add("seq > ?", q.After)
	}
	if len(q.Kinds) > 0 {
		var kinds []string
		for _, k := range q.Kinds {
			if end, prefix := prefixEnd(k); prefix {
				kinds = append(kinds, "kind >= ? AND kind < ?")
				args = append(args, k, end)
			} else {
				kinds = append(kinds, "kind = ?")
				args = append(args, k)
			}
		}
		where = append(where, "("+strings.Join(kinds, " OR ")+")")
	}
	return where, args
}

// prefixEnd returns the first kind after all that begin with a kind that ends in ".".
func prefixEnd(kind string) (string, bool) {
	before, prefix := strings.CutSuffix(kind, ".")
	return before + "/", prefix // "/" follows "."
}

// kinds resolves prefixes to the kinds in the store, no more than maxKinds+1, with one look into the index for each.
func (s *Store) kinds(ctx context.Context, wanted []string) ([]string, error) {
	seen := map[string]bool{}
	var kinds []string
	for _, k := range wanted {
		end, prefix := prefixEnd(k)
		if !prefix {
			if !seen[k] {
				seen[k] = true
				kinds = append(kinds, k)
			}
			continue
		}
		err := s.each(ctx, s.read, "list kinds", "WITH RECURSIVE k (v) AS ("+
			"SELECT min(kind) FROM records WHERE kind >= ?1 AND kind < ?2 UNION ALL "+
			"SELECT (SELECT min(kind) FROM records WHERE kind > k.v AND kind < ?2) FROM k WHERE k.v IS NOT NULL) "+
			"SELECT v FROM k WHERE v IS NOT NULL LIMIT ?3", []any{k, end, maxKinds + 1},
			func(r *row) (string, error) {
				kind := r.text()
				if !seen[kind] {
					seen[kind] = true
					kinds = append(kinds, kind)
				}
				return "list of kinds", r.err
			})
		if err != nil {
			return nil, err
		}
	}
	return kinds, nil
}

// Record implements store.Store. A record that cannot be read is store.ErrCorrupt.
func (s *Store) Record(ctx context.Context, id string) (store.Record, error) {
	var found *store.Record
	err := s.each(ctx, s.read, "read record "+id, "SELECT "+recordColumns+" FROM records WHERE id = ?", []any{id},
		func(r *row) (string, error) {
			h, err := r.record()
			found = &h
			return "record " + id, err
		})
	if err != nil {
		return store.Record{}, err
	}
	if found == nil {
		return store.Record{}, fmt.Errorf("record %s: %w", id, store.ErrNotFound)
	}
	return *found, nil
}
