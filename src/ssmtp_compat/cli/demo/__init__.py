"""The demo command: throwaway certificates, a mail server in this process, and a second opinion on what arrived."""
