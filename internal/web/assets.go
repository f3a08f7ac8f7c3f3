package web

import (
	"embed"
	"net/http"
	"path"
)

//go:embed assets/*
var assetFiles embed.FS

// routeAssets serves what pages are made of. They come with the binary, so a browser asks again only after an hour.
func (s *Server) routeAssets(mux *http.ServeMux) {
	kinds := map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
	mux.HandleFunc("GET /assets/{name}", func(w http.ResponseWriter, r *http.Request) {
		name := r.PathValue("name")
		data, err := assetFiles.ReadFile("assets/" + path.Base(name))
		if err != nil {
			s.refuse(w, r, http.StatusNotFound, "there is no asset "+name)
			return
		}
		w.Header().Set("Content-Type", kinds[path.Ext(name)])
		w.Header().Set("Cache-Control", "public, max-age=3600")
		_, _ = w.Write(data) // whoever asked may be gone
	})
}
