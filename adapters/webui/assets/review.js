// The page works without this script. It tells that a person opened the page, and
// counts characters.
"use strict";

const form = document.getElementById("review");
if (form) {
	watch(form.elements.stamp.value);
	count(document.getElementById("text"), document.getElementById("text-count"));
}
document.getElementById("summary")?.focus();

// watch waits for input that the browser vouches for, on a page that was visible
// for a second, and tells the server once. A scroll event is no proof: script
// that scrolls causes trusted ones. Nor is a pointer event without a move: the
// browser makes one when the page shifts under a resting pointer.
function watch(stamp) {
	const enough = 1000;
	const kinds = {
		pointermove: "pointer", pointerdown: "pointer", click: "pointer",
		wheel: "wheel", touchstart: "touch", touchmove: "touch", keydown: "key", input: "key",
	};
	let input = "", at = null, before = 0, since = null, timer = 0, told = false;

	const visible = () => before + (since === null ? 0 : performance.now() - since);

	function tell() {
		if (told || !input || visible() < enough) return;
		told = true;
		fetch(location.pathname.replace(/\/$/, "") + "/open", {
			method: "POST",
			body: new URLSearchParams({ stamp, input, visible: Math.round(visible()) }),
			credentials: "omit",
			keepalive: true,
		}).catch(() => { told = false; });
	}

	function look() {
		clearTimeout(timer);
		before = visible();
		since = document.visibilityState === "visible" ? performance.now() : null;
		if (since !== null) timer = setTimeout(tell, Math.max(0, enough - before) + 20);
	}

	function noticed(event) {
		if (!event.isTrusted) return;
		if (event.type === "pointermove") {
			const was = at;
			at = event.screenX + "," + event.screenY;
			if (was === null || was === at) return;
		}
		input = kinds[event.type];
		tell();
	}

	for (const kind in kinds) addEventListener(kind, noticed, { capture: true, passive: true });
	document.addEventListener("visibilitychange", look);
	look();
}

// count says when the text comes near its limit, and keeps the browser from
// sending a longer one. Nothing that is typed or pasted is cut off.
function count(text, says) {
	const limit = Number(text.dataset.limit);
	function update() {
		const left = limit - [...text.value].length;
		says.textContent = left < 0 ? `Characters too many: ${-left}` : left <= 500 ? `Characters left: ${left}` : "";
		text.setCustomValidity(left < 0 ? `Please shorten your review. Characters too many: ${-left}` : "");
	}
	text.addEventListener("input", update);
	update();
}
