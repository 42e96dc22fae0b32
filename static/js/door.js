// The engineer's visit page: serials read by the camera where the browser can, photos made smaller before they
// go over a poor network. The page works without this file: serials are typed, photos sent as they are.
(() => {
  "use strict";
  const LONGEST_SIDE = 2000; // pixels; the server keeps no more
  const FORMATS = ["code_128", "code_39", "data_matrix", "ean_13", "qr_code"];

  // --- a photo of 12 million pixels takes minutes in a cellar ------------------------------------------------
  const smaller = async (file) => {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = LONGEST_SIDE / Math.max(picture.width, picture.height);
    if (scale >= 1) return file;
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.88));
    return blob && blob.size < file.size ? new File([blob], "photo.jpg", { type: "image/jpeg" }) : file;
  };

  document.addEventListener("change", async (event) => {
    const input = event.target;
    if (!input.matches('input[type="file"]')) return;
    const chosen = Array.from(input.files);
    // what this browser cannot read goes as it is: the server says what is wrong with it
    const ready = await Promise.all(chosen.map((file) => smaller(file).catch(() => file)));
    const isStillChosen = input.files.length === chosen.length && chosen.every((file, i) => file === input.files[i]);
    if (!isStillChosen || ready.every((file, i) => file === chosen[i])) return;
    const files = new DataTransfer();
    for (const file of ready) files.items.add(file);
    input.files = files.files;
  });

  // --- the serial, by camera ----------------------------------------------------------------------------------
  const scan = async (dialog, input) => {
    const detector = new window.BarcodeDetector({ formats: FORMATS });
    const video = dialog.querySelector("video");
    const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    dialog.addEventListener("close", () => stream.getTracks().forEach((track) => track.stop()), { once: true });
    video.srcObject = stream;
    await video.play();
    while (dialog.open) {
      const [code] = await detector.detect(video).catch(() => []);
      if (code?.rawValue) {
        input.value = code.rawValue.trim();
        dialog.close();
        input.focus();
        return;
      }
      await new Promise((next) => setTimeout(next, 150));
    }
  };

  const offer = async () => {
    const button = document.querySelector("[data-scan-into]");
    if (!button || !("BarcodeDetector" in window) || !navigator.mediaDevices?.getUserMedia) return;
    const known = await window.BarcodeDetector.getSupportedFormats().catch(() => []);
    if (!FORMATS.some((format) => known.includes(format))) return;
    const dialog = document.getElementById("scanner");
    const input = document.getElementById(button.dataset.scanInto);
    dialog.querySelector("button").addEventListener("click", () => dialog.close());
    button.hidden = false;
    button.addEventListener("click", async () => {
      dialog.showModal();
      try {
        await scan(dialog, input);
      } catch {
        dialog.close(); // no camera, or not allowed: the serial is typed
        input.focus();
      }
    });
  };

  document.addEventListener("DOMContentLoaded", offer);
})();
