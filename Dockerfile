# Two images: `app` (web, worker, commands) on today's Python, and `nlu` (Rasa) on Python 3.10.
FROM python:3.12-slim AS app
RUN pip install --no-cache-dir uv==0.13.9 && useradd --create-home --uid 1000 muster
WORKDIR /muster
COPY pyproject.toml uv.lock ./
RUN uv sync --frozen --no-dev --no-install-project
COPY . .
RUN uv sync --frozen --no-dev && mkdir /data && chown muster /data
USER muster
ENV PATH=/muster/.venv/bin:$PATH MUSTER_HOME=/data MUSTER_HOST=0.0.0.0
VOLUME /data
EXPOSE 8080
ENTRYPOINT ["python", "-m", "bot", "--log-json"]
CMD ["web"]

FROM python:3.10-slim AS nlu
RUN pip install --no-cache-dir uv==0.13.9 && useradd --create-home --uid 1000 muster
WORKDIR /muster
COPY nlu_data/requirements.txt nlu_data/
RUN uv pip install --system --no-cache --require-hashes -r nlu_data/requirements.txt
COPY . .
# The model is trained while the image is built: a container starts at once and needs no writable disk.
RUN python -W ignore -m bot.nlu.server train --config config.yml --data nlu_data/*.yml --model /model/model.tar.gz
USER muster
EXPOSE 5005
ENTRYPOINT ["python", "-W", "ignore", "-m", "bot.nlu.server"]
CMD ["serve", "--model", "/model/model.tar.gz", "--host", "0.0.0.0", "--port", "5005"]
