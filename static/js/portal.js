/* Small comforts, never needed: a running countdown, a copy button, a look at chosen files, "near me". */
(() => {
  "use strict";

  /* Each element is made ready once, also when htmx brings or morphs it later. */
  const parts = [];
  const part = (selector, makeReady) => parts.push({ selector, makeReady, seen: new WeakSet() });
  const prepare = (root) => {
    for (const { selector, makeReady, seen } of parts) {
      for (const element of [root, ...root.querySelectorAll(selector)]) {
        if (!element.matches?.(selector) || seen.has(element)) continue;
        seen.add(element);
        makeReady(element);
      }
    }
  };

  /* <time data-countdown="seconds left">: the server says how long, so a wrong phone clock does no harm. */
  part("[data-countdown]", (element) => {
    const end = performance.now() + 1000 * Number(element.dataset.countdown);
    const show = () => {
      const left = Math.max(0, Math.round((end - performance.now()) / 1000));
      element.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
      if (left > 0 && element.isConnected) setTimeout(show, 1000);
    };
    show();
  });

  /* <button hidden data-copy="text" data-copied="word">: shown only where copying is possible. */
  part("[data-copy]", (button) => {
    if (!navigator.clipboard) return;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.dataset.copy);
      (button.querySelector("span") ?? button).textContent = button.dataset.copied;
    });
  });

  /* <input type="file" data-preview="id of a list">: names of the files, and the pictures themselves. */
  part("input[data-preview]", (input) => {
    const list = document.getElementById(input.dataset.preview);
    if (!list) return;
    input.addEventListener("change", () => {
      list.replaceChildren(...[...input.files].map(previewOf));
      list.hidden = input.files.length === 0;
    });
  });

  const previewOf = (file) => {
    const item = document.createElement("li");
    if (file.type.startsWith("image/") && file.size < 8_000_000) {
      const reader = new FileReader();
      const image = document.createElement("img");
      image.alt = "";
      reader.addEventListener("load", () => { image.src = reader.result; });
      reader.readAsDataURL(file);
      item.append(image);
    }
    item.append(file.name);
    return item;
  };

  /* <button hidden data-near> in a form with fields named lat and lon. */
  part("[data-near]", (button) => {
    if (!navigator.geolocation || !window.isSecureContext) return;
    button.hidden = false;
    button.addEventListener("click", () => navigator.geolocation.getCurrentPosition(({ coords }) => {
      button.form.elements.lat.value = coords.latitude.toFixed(4);
      button.form.elements.lon.value = coords.longitude.toFixed(4);
      button.form.requestSubmit();
    }));
  });

  /* <button hidden data-print> */
  part("[data-print]", (button) => {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  });

  prepare(document);
  document.addEventListener("htmx:after:process", (event) => prepare(event.target));
})();
