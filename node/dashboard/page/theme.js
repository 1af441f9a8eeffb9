// runs before anything is drawn, so that the page never flashes in the other colours
{
  const KEY = 'shoal-theme'
  const root = document.documentElement
  const dark = matchMedia('(prefers-color-scheme: dark)')
  let chosen = null
  try {
    chosen = localStorage.getItem(KEY)
  } catch {
    // a browser that keeps nothing
  }
  const isDark = () => (chosen ?? (dark.matches ? 'dark' : 'light')) === 'dark'
  const apply = () => {
    root.dataset.theme = isDark() ? 'dark' : 'light'
    document.getElementById('theme')?.setAttribute('aria-pressed', String(isDark()))
  }
  apply()
  dark.addEventListener('change', apply)
  document.addEventListener('DOMContentLoaded', () => {
    apply()
    document.getElementById('theme').addEventListener('click', () => {
      const wanted = isDark() ? 'light' : 'dark'
      // what the system has is followed again
      chosen = wanted === (dark.matches ? 'dark' : 'light') ? null : wanted
      try {
        if (chosen === null) localStorage.removeItem(KEY)
        else localStorage.setItem(KEY, chosen)
      } catch {
        // it holds for this page alone
      }
      apply()
    })
  })
}
