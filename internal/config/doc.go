// Package config loads, checks and explains emrguard.yaml: one file in, one valid Config or all of its problems out.
//
// It does no more than read that file: it opens no store or listener and calls nothing. From a Config it also derives
// what depends on nothing else: what holds for a cluster, what a reload changes, the IAM policy and the reference page.
package config
