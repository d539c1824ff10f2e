# SAI in production. One image for every process; docker-compose.yml says who does what.
# A worker with a CUDA device: --build-arg REQUIREMENTS=requirements-gpu.txt
FROM python:3.11-slim-bookworm AS build
ARG REQUIREMENTS=requirements.txt
WORKDIR /app
COPY requirements*.txt ./
RUN python -m venv /opt/sai \
    && /opt/sai/bin/pip install --no-cache-dir "$(grep '^uv==' requirements-dev.txt)" \
    && /opt/sai/bin/uv pip install --no-cache --compile-bytecode --python /opt/sai/bin/python \
        -r "$REQUIREMENTS"
COPY . .
# Only the settings have to load; no secret of a build may reach the image.
RUN SAI_VAR=/tmp/var SAI_SECRET_KEY=only-while-the-image-is-built \
    /opt/sai/bin/python manage.py collectstatic --noinput --verbosity 0

FROM python:3.11-slim-bookworm
# libgomp: CTranslate2 and onnxruntime.
RUN apt-get update \
    && apt-get install -y --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home --shell /usr/sbin/nologin sai \
    && install -d -o sai -g sai -m 0750 /data
COPY --from=build /opt/sai /opt/sai
COPY --from=build /app /app
ARG NVIDIA=/opt/sai/lib/python3.11/site-packages/nvidia
ENV PATH=/opt/sai/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    LD_LIBRARY_PATH=$NVIDIA/cublas/lib:$NVIDIA/cudnn/lib \
    SAI_VAR=/data \
    SAI_HOST=0.0.0.0 \
    SAI_PORT=8000
WORKDIR /app
USER sai
VOLUME /data
EXPOSE 8000
CMD ["python", "-m", "uvicorn", "sai.asgi:application", "--host", "0.0.0.0", "--port", "8000", \
     "--workers", "2", "--no-access-log", "--timeout-graceful-shutdown", "10"]
