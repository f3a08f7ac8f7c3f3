{{- define "emrguard.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{/* At most 52 characters: the StatefulSet's pods and their labels add to it. */}}
{{- define "emrguard.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else if contains (include "emrguard.name" .) .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "emrguard.name" .) | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "emrguard.selector" -}}
app.kubernetes.io/name: {{ include "emrguard.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "emrguard.labels" -}}
{{ include "emrguard.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end -}}

{{- define "emrguard.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "emrguard.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "emrguard.image" -}}
{{- $repository := required "image.repository: where the image of deploy/container/Containerfile was pushed to" .Values.image.repository -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" $repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{/* The secret with the tokens. Without a token a listener that others reach would be refused by emrguard itself. */}}
{{- define "emrguard.secret" -}}
{{- if .Values.tokens.existingSecret -}}
{{- .Values.tokens.existingSecret -}}
{{- else -}}
{{- $_ := required "tokens.read, or tokens.existingSecret: the token for reading the page, of 16 characters or more" .Values.tokens.read -}}
{{- include "emrguard.fullname" . -}}
{{- end -}}
{{- end -}}

{{- define "emrguard.hasAdmin" -}}
{{- if or (and .Values.tokens.existingSecret .Values.tokens.secretHasAdmin) (and (not .Values.tokens.existingSecret) .Values.tokens.admin) -}}yes{{- end -}}
{{- end -}}

{{/* emrguard.yaml: the user's keys, and those that the pod decides. */}}
{{- define "emrguard.config" -}}
{{- $own := dict "store" "sqlite:/var/lib/emrguard/emrguard.db" "listen" "0.0.0.0:8470" "listen_token_file" "/run/secrets/emrguard/read-token" -}}
{{- $web := dict -}}
{{- if include "emrguard.hasAdmin" . -}}
{{- $_ := set $web "admin_token_file" "/run/secrets/emrguard/admin-token" -}}
{{- end -}}
{{- if .Values.tls.secretName -}}
{{- $_ := set $web "cert_file" "/run/secrets/emrguard-tls/tls.crt" -}}
{{- $_ := set $web "key_file" "/run/secrets/emrguard-tls/tls.key" -}}
{{- end -}}
{{- if $web -}}
{{- $_ := set $own "web" $web -}}
{{- end -}}
{{- if .Values.prices -}}
{{- $_ := set $own "prices" "/etc/emrguard/prices.yaml" -}}
{{- end -}}
{{- mustMergeOverwrite (deepCopy .Values.config) $own | toYaml -}}
{{- end -}}

{{/* What the listener speaks, for the probes and whoever reads the metrics. */}}
{{- define "emrguard.scheme" -}}
{{- if or .Values.tls.secretName (get (default dict (get .Values.config "web")) "cert_file") -}}HTTPS{{- else -}}HTTP{{- end -}}
{{- end -}}
