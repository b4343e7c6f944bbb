# What people type who come from Cloud Sandbox, see docs/coming-from.md; everything here is a script of package.json, or kubectl.
.PHONY: build run-all k8s-dev k8s-prod k8s-delete-dev

# The image of sandboxes, and the server.
build:
	npm install
	npm run image
	npm run build

# From a fresh checkout to a server that answers.
run-all:
	npm run up

k8s-dev:
	kubectl apply -k deploy/kubernetes/dev

k8s-prod:
	kubectl apply -k deploy/kubernetes/prod

k8s-delete-dev:
	kubectl delete -k deploy/kubernetes/dev
