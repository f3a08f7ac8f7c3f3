package emrsim

// optional is a string member that is left out when empty.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// listOf is a list member that is written even when it is empty.
func listOf[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// ptr is a member that is there.
func ptr[T any](v T) *T { return &v }

// value is what a member says, or the zero value when it is absent.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
