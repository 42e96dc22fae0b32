// The sum of what is chosen, on the button that goes on. The server counts for itself.
(() => {
  "use strict";
  const form = document.querySelector("[data-total]");
  const shown = form?.querySelector("[data-total-shown]");
  if (!shown) return;
  const money = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 2 });

  const update = () => {
    let total = 0;
    for (const box of form.querySelectorAll('input[name="repairs"]:checked')) {
      const grade = box.closest(".fault").querySelector('input[type="radio"]:checked');
      if (grade) total += Number(grade.dataset.price);
    }
    shown.textContent = total ? `¥${money.format(total)}` : "";
  };
  form.addEventListener("change", update);
  window.addEventListener("pageshow", update);
})();
