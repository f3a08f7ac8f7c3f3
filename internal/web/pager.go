package web

import (
	"maps"
	"net/url"
	"strconv"
)

// pager leads through a list that has more rows than a page shows.
type pager struct {
	From, To, Of int    // rows of this page, counted from 1
	Prev, Next   string // URLs of the pages before and after; empty where there is none
}

// More says whether the list has other pages.
func (p pager) More() bool { return p.Prev != "" || p.Next != "" }

// pageOf takes its rows out of a list, size at most from an offset on, and says how to get to the others. An offset beyond the end, as of a list that has
// become shorter meanwhile, is the last page.
func pageOf[T any](rows []T, q *query, path string, offset, size int) ([]T, pager) {
	offset = lastPage(offset, len(rows), size)
	to := min(len(rows), offset+size)
	return rows[offset:to], q.pager(path, offset, to, len(rows), size)
}

// lastPage is an offset, or that of the last page if it is beyond the end.
func lastPage(offset, of, size int) int {
	if offset >= of {
		offset = max(0, (of-1)/size*size)
	}
	return offset
}

// pager leads from the rows between offset and to, with the rest of the query as it is.
func (q *query) pager(path string, offset, to, of, size int) pager {
	p := pager{From: min(offset+1, of), To: to, Of: of}
	if offset > 0 {
		p.Prev = q.with(path, "offset", numeral(max(0, offset-size)))
	}
	if to < of {
		p.Next = q.with(path, "offset", numeral(offset+size))
	}
	return p
}

// numeral is a number in a URL; 0 is left out.
func numeral[T int | int64](n T) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(int64(n), 10)
}

// with is the URL of the same page with another value; an empty one is left out.
func (q *query) with(path, name, value string) string {
	v := url.Values{}
	maps.Copy(v, q.values)
	maps.DeleteFunc(v, func(k string, given []string) bool {
		return k == name || k == "order" || len(given) == 0 || given[0] == ""
	})
	if value != "" {
		v.Set(name, value)
	}
	if len(v) == 0 {
		return path
	}
	return path + "?" + v.Encode()
}
