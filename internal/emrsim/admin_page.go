package emrsim

// page cuts one page of at most size out of a list that only grows at its end. scope ties the marker to what is listed, and must
// not be empty. The second result is the next page's marker, nil at the end.
func page[T any](c *request, list []T, marker *string, scope string, size int) ([]T, *string, *APIError) {
	start, err := c.marker(marker, scope, 0)
	if err != nil {
		return nil, nil, err
	}
	list = list[min(start, len(list)):]
	if len(list) <= size {
		return list, nil, nil
	}
	return list[:size], c.mark(scope, start+size), nil
}
