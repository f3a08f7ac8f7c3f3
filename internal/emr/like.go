package emr

// Like says whether a name matches a pattern: * stands for any characters, ? for one, \ takes the next character as it is. Upper and
// lower case are different. Unlike a
// shell's patterns, * crosses a slash: names of clusters and groups are no paths. The cost is at most the product of the two lengths.
func Like(pattern, name string) bool {
	p, n := []rune(pattern), []rune(name)
	i, j, star, resume := 0, 0, -1, 0
	for j < len(n) {
		if i < len(p) {
			switch {
			case p[i] == '*':
				star, resume = i, j
				i++
				continue
			case p[i] == '\\' && i+1 < len(p) && p[i+1] == n[j]:
				i, j = i+2, j+1
				continue
			case p[i] == '?', p[i] == n[j] && p[i] != '\\':
				i, j = i+1, j+1
				continue
			}
		}
		if star < 0 {
			return false
		}
		resume++
		i, j = star+1, resume
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
}
