// Package web is the page and the JSON API of one emrguard: what the fleet is like, what happened, and the orders that a person may give.
//
// Everything it shows comes from the store through internal/desk and internal/view, so any replica can serve it, and it shows what the commands
// show. It decides nothing and holds nothing that a restart loses: an order goes into the store's inbox, and the owner of its scope answers it.
//
// Who may do what: see Access. Every handler is safe for concurrent use.
package web
